from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import jsonschema
import nibabel
import numpy as np
import pytest

from monai_mri.errors import DataError, UsageError
from monai_mri.manifest import plan_manifest, read_manifest
from monai_mri.manifest.checks import check_manifest
from monai_mri.phantom import make_lesion_cohort, make_migraine_cohort
from monai_mri.phantom.white_matter import PLANTED

TINY = {"shape": (24, 29, 24), "progress": False}
N = 80


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return make_migraine_cohort(tmp_path_factory.mktemp("cohort"), subjects=N, effect=1.5, seed=3, **TINY)


@pytest.fixture(scope="module")
def null(tmp_path_factory):
    return make_migraine_cohort(tmp_path_factory.mktemp("null"), subjects=N, effect=0, seed=3, **TINY)


def bytes_below(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def cohen_d(path):
    """Cohen's d, controls minus migraine, of each region's mean."""
    manifest = read_manifest(path)
    labels = np.asarray(nibabel.load(path.parent / "regions.nii.gz").dataobj)
    with (path.parent / "regions.csv").open() as file:
        names = {row["name"]: int(row["label"]) for row in csv.DictReader(file)}
    voxels = [nibabel.load(manifest.resolve(row["white_matter"])).get_fdata() for row in manifest.rows()]
    ill = np.array([row["label"] == "migraine" for row in manifest.rows()])
    found = {}
    for name, number in names.items():
        means = np.array([values[labels == number].mean() for values in voxels])
        spread = np.sqrt((means[ill].var(ddof=1) + means[~ill].var(ddof=1)) / 2)
        found[name] = (means[~ill].mean() - means[ill].mean()) / spread
    return found


def test_planted_regions_differ_by_the_effect_asked_for_within_sampling_error(cohort):
    found = cohen_d(cohort)
    error = np.sqrt(4 / N + 1.5**2 / (2 * N))
    for name in PLANTED:
        assert abs(found[name] - 1.5) < 3 * error, (name, found[name])
    assert abs(np.mean([found[name] for name in PLANTED]) - 1.5) < 2 * error


def test_other_regions_do_not_differ_beyond_chance(cohort):
    elsewhere = {name: d for name, d in cohen_d(cohort).items() if name not in PLANTED}
    assert max(map(abs, elsewhere.values())) < 3.5 * np.sqrt(4 / N) + 0.2  # blurred edges reach 2 mm over


def test_in_the_null_cohort_labels_mean_nothing(cohort, null):
    assert max(map(abs, cohen_d(null).values())) < 3.5 * np.sqrt(4 / N)
    ill = {row["white_matter"] for row in read_manifest(null).rows() if row["label"] == "migraine"}
    for name, content in bytes_below(null.parent).items():
        if name.endswith(".nii"):
            assert (content == (cohort.parent / name).read_bytes()) == (name not in ill)


def test_half_have_migraine_and_age_sex_site_say_nothing_of_it(cohort):
    table = read_manifest(cohort).table
    ill = table["label"] == "migraine"
    assert ill.sum() == N / 2
    age = table["age"].astype(float)
    assert age.between(20, 60).all()
    assert abs(age[ill].mean() - age[~ill].mean()) < 3.5 * age.std() * np.sqrt(4 / N)
    assert set(table["sex"]) == {"F", "M"}
    assert table["site"].nunique() == 3
    assert all((table["site"][ill].value_counts() >= N // 6 - 1).tolist())


def test_age_and_sex_change_the_volume_that_the_map_holds(null):
    manifest = read_manifest(null)
    table = manifest.table
    volume_ml = table["white_matter_ml"].astype(float)
    assert np.corrcoef(table["age"].astype(float), volume_ml)[0, 1] < -0.05
    assert volume_ml[table["sex"] == "M"].mean() > volume_ml[table["sex"] == "F"].mean() + 15
    image = nibabel.load(manifest.resolve(table["white_matter"][0]))
    voxel_ml = np.prod(image.header.get_zooms()) / 1000
    assert image.get_fdata().sum() * voxel_ml == pytest.approx(volume_ml[0], abs=0.01)


def test_files_are_like_cat12s(cohort):
    image = nibabel.load(cohort.parent / "mwc2sub-001.nii")
    assert image.get_data_dtype() == np.int16
    assert image.dataobj.slope == pytest.approx(1e-4)
    assert nibabel.aff2axcodes(image.affine) == ("L", "A", "S")
    assert int(image.header["sform_code"]) == int(image.header["qform_code"]) == 4
    np.testing.assert_allclose(image.get_qform(), image.affine, atol=1e-4)
    assert 0.6 < np.percentile(image.get_fdata(), 99) < 1.3


def test_truth_is_the_planted_regions_on_the_grid_of_the_maps(cohort):
    folder = cohort.parent
    truth, regions, image = (
        nibabel.load(folder / name) for name in ("truth.nii.gz", "regions.nii.gz", "mwc2sub-001.nii")
    )
    np.testing.assert_array_equal(truth.affine, image.affine)
    with (folder / "regions.csv").open() as file:
        planted = [int(row["label"]) for row in csv.DictReader(file) if row["planted"] == "yes"]
    np.testing.assert_array_equal(np.asarray(truth.dataobj) == 1, np.isin(regions.dataobj, planted))


def test_loss_lies_in_the_truth(cohort, null):
    truth = np.asarray(nibabel.load(cohort.parent / "truth.nii.gz").dataobj) == 1
    loss = sum(
        nibabel.load(null.parent / row["white_matter"]).get_fdata()
        - nibabel.load(cohort.parent / row["white_matter"]).get_fdata()
        for row in read_manifest(cohort).rows()
    )
    assert loss[truth].sum() > 0.75 * np.abs(loss).sum()
    assert loss[truth].min() > 0


def test_manifest_fits_the_studys_schema_and_passes_the_check(cohort, repository):
    schema = json.loads((repository / "data_manifests/migraine.schema.json").read_text())
    for row in read_manifest(cohort).rows():
        jsonschema.validate(row, schema)
    result = check_manifest(cohort, depth="header")
    assert not [finding for finding in result.findings if finding.code.startswith("E")]


def test_layout_cat12_lists_the_maps_with_their_labels(cohort):
    planned = plan_manifest("cat12", cohort.parent, label="group")
    assert len(planned.samples) == N
    expected = {row["subject_id"]: row["label"] for row in read_manifest(cohort).rows()}
    assert {sample.subject_id: sample.extra["label"] for sample in planned.samples} == expected
    assert all(set(sample.images) == {"white_matter"} for sample in planned.samples)


def test_a_smaller_cohort_replaces_a_larger_one_and_holds_the_same_first_subjects(cohort, tmp_path):
    shutil.copytree(cohort.parent, tmp_path, dirs_exist_ok=True)
    (tmp_path / "mwc2sub-001.nii").write_bytes(b"stale")
    make_migraine_cohort(tmp_path, subjects=2, effect=1.5, seed=3, **TINY)
    assert sorted(path.name for path in tmp_path.glob("mwc2*")) == ["mwc2sub-001.nii", "mwc2sub-002.nii"]
    for name in ("mwc2sub-001.nii", "mwc2sub-002.nii", "truth.nii.gz", "regions.nii.gz", "regions.csv"):
        assert (tmp_path / name).read_bytes() == (cohort.parent / name).read_bytes()


def test_same_arguments_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        make_migraine_cohort(tmp_path / name, subjects=2, seed=1, **TINY)
    assert bytes_below(tmp_path / "a") == bytes_below(tmp_path / "b")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("subjects", 0),
        ("effect", -1),
        ("effect", float("nan")),
        ("effect", 9),
        ("seed", -1),
        ("shape", (8, 24, 24)),
        ("shape", (24, 24)),
    ],
)
def test_a_bad_setting_is_named_and_nothing_is_written(tmp_path, setting, value):
    with pytest.raises(UsageError, match=f"^{setting}: "):
        make_migraine_cohort(tmp_path / "out", **{**TINY, setting: value})
    assert not (tmp_path / "out").exists()


def test_a_folder_of_another_kind_is_refused_and_left_alone(cohort, tmp_path):
    (tmp_path / "scan.txt").write_text("mine")
    for folder, maker in ((tmp_path, make_migraine_cohort), (cohort.parent, make_lesion_cohort)):
        before = bytes_below(folder)
        with pytest.raises(DataError, match="not a phantom cohort of kind"):
            maker(folder, progress=False)
        assert bytes_below(folder) == before
