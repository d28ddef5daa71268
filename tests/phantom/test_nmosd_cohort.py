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
from monai_mri.images import read_image, read_mask
from monai_mri.manifest import read_manifest
from monai_mri.manifest.checks import check_manifest
from monai_mri.phantom import make_migraine_cohort, make_nmosd_cohort
from monai_mri.phantom.regions import white_matter_regions

TINY = {"voxel_size_mm": 5.0, "progress": False}
N = 10


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return make_nmosd_cohort(tmp_path_factory.mktemp("cohort"), subjects=N, overlap=0.0, seed=3, **TINY)


@pytest.fixture(scope="module")
def null(tmp_path_factory):
    return make_nmosd_cohort(
        tmp_path_factory.mktemp("null"), subjects=N, overlap=0.0, effect=0.0, seed=3, **TINY
    )


def bytes_below(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def scans_below(folder):
    return {name: content for name, content in bytes_below(folder).items() if name.startswith("sub-")}


def lesions_of(path):
    with (path.parent / "truth_lesions.csv").open() as file:
        return list(csv.DictReader(file))


def cerebral_share(path):
    """Share of each patient's lesions that lies in the white matter of the lobes, and who has NMOSD."""
    manifest = read_manifest(path)
    shares, ill = [], []
    for row in manifest.rows():
        picture = read_image(manifest.resolve(row["mask"]))
        labels, names = white_matter_regions(picture.affine, picture.array.shape)
        lobes = [names[name] for name in names if name.split("_")[-1] in ("left", "right", "cingulate")]
        shares.append(np.isin(labels[picture.array > 0], lobes).mean())
        ill.append(row["label"] == "NMOSD")
    return np.array(shares), np.array(ill)


def area(score, ill):
    return (score[ill][:, None] > score[~ill]).mean()


def test_one_number_of_the_lesion_map_tells_the_classes_apart_where_they_share_no_place(cohort):
    shares, ill = cerebral_share(cohort)
    assert area(-shares, ill) > 0.9


def test_in_the_null_cohort_labels_mean_nothing(null, tmp_path):
    patients_with_ms = make_nmosd_cohort(
        tmp_path / "ms", subjects=4, nmosd_share=0.0, effect=1.0, seed=3, **TINY
    )
    for name, content in scans_below(patients_with_ms.parent).items():
        assert content == (null.parent / name).read_bytes()
    assert set(read_manifest(patients_with_ms).table["label"]) == {"MS"}
    assert set(read_manifest(null).table["label"]) == {"MS", "NMOSD"}


def test_full_overlap_is_the_null_cohort_too(null, tmp_path):
    path = make_nmosd_cohort(tmp_path / "same", subjects=3, overlap=1.0, seed=3, **TINY)
    for name, content in scans_below(path.parent).items():
        assert content == (null.parent / name).read_bytes()


def test_only_patients_with_nmosd_differ_from_the_null_cohort(cohort, null):
    ill = {row["subject_id"] for row in read_manifest(cohort).rows() if row["label"] == "NMOSD"}
    plain = scans_below(null.parent)
    for name, content in scans_below(cohort.parent).items():
        assert (content == plain[name]) == (name.split("/")[0] not in ill), name


def test_typical_lesions_belong_to_nmosd_alone_and_overlap_says_how_many(cohort, tmp_path):
    half = make_nmosd_cohort(tmp_path / "half", subjects=N, overlap=0.5, effect=0.6, seed=3, **TINY)
    labels = {row["subject_id"]: row["label"] for row in read_manifest(cohort).rows()}
    for path, expected in ((cohort, 1.0), (half, 0.3)):
        typical = {"MS": [], "NMOSD": []}
        for lesion in lesions_of(path):
            typical[labels[lesion["subject_id"]]].append(lesion["map"] == "NMOSD")
        assert not any(typical["MS"])
        ill = sum(label == "NMOSD" for label in labels.values())
        assert abs(np.mean(typical["NMOSD"]) - expected) <= 3 * np.sqrt(expected * (1 - expected) / 3 / ill)


def test_sizes_and_numbers_are_those_of_the_null_cohort_whatever_the_class(cohort, null):
    columns = ("subject_id", "lesion_id", "volume_ml")
    assert [[row[name] for name in columns] for row in lesions_of(cohort)] == [
        [row[name] for name in columns] for row in lesions_of(null)
    ]


def test_files_are_whole_heads_of_several_sizes_in_two_orders(cohort):
    manifest = read_manifest(cohort)
    images = [nibabel.load(manifest.resolve(row["flair"])) for row in manifest.rows()]
    assert {"".join(nibabel.aff2axcodes(image.affine)) for image in images} == {"RAS", "ASR"}
    assert len({image.shape for image in images}) > N // 2
    assert all(image.get_data_dtype() == np.int16 for image in images)
    for image in images:
        head = np.asarray(image.dataobj) > 0.25 * np.percentile(image.dataobj, 95)
        assert 0.25 < head.mean() < 0.75
    row = manifest.rows()[0]
    mask = nibabel.load(manifest.resolve(row["mask"]))
    assert mask.get_data_dtype() == np.uint8
    assert read_mask(manifest.resolve(row["mask"]), like=read_image(manifest.resolve(row["flair"]))).any()


def test_manifest_fits_the_studys_schema_and_passes_the_check(cohort, repository):
    schema = json.loads((repository / "data_manifests/nmosd.schema.json").read_text())
    for row in read_manifest(cohort).rows():
        jsonschema.validate(row, schema)
    result = check_manifest(cohort, depth="voxels")
    assert not [finding for finding in result.findings if finding.code.startswith("E")]
    assert "shows no person" in read_manifest(cohort).sidecar.source


def test_truth_holds_the_two_maps_as_densities_in_mni_space(cohort):
    ms, nmosd = (nibabel.load(cohort.parent / f"truth_{name}.nii.gz") for name in ("ms", "nmosd"))
    np.testing.assert_array_equal(ms.affine, nmosd.affine)
    for image in (ms, nmosd):
        assert image.get_fdata().sum() * np.prod(image.header.get_zooms()) / 1000 == pytest.approx(
            1, abs=0.05
        )
    medulla = np.rint(np.linalg.inv(ms.affine) @ (2, -46, -56, 1))[:3].astype(int)
    assert nmosd.get_fdata()[tuple(medulla)] > 10 * ms.get_fdata()[tuple(medulla)]


def test_a_smaller_cohort_replaces_a_larger_one_and_holds_the_same_first_patients(cohort, tmp_path):
    shutil.copytree(cohort.parent, tmp_path, dirs_exist_ok=True)
    make_nmosd_cohort(tmp_path, subjects=2, overlap=0.0, seed=3, **TINY)
    assert sorted(path.name for path in tmp_path.glob("sub-*")) == ["sub-001", "sub-002"]
    for name, content in scans_below(tmp_path).items():
        assert content == (cohort.parent / name).read_bytes()


def test_same_arguments_give_the_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_nmosd_cohort(tmp_path / name, subjects=1, seed=seed, **TINY)
    first, second, third = (bytes_below(tmp_path / name) for name in "abc")
    assert first == second
    assert not set(scans_below(tmp_path / "a").values()) & set(scans_below(tmp_path / "c").values())
    assert set(first) == set(third)


def test_masks_given_set_the_ms_map_and_all_sizes_and_no_path_is_written(tmp_path):
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = -90, -126, -72
    mask = np.zeros((91, 109, 91), dtype=np.uint8)
    mask[59:62, 52:55, 48:51] = 1
    (tmp_path / "real").mkdir()
    nibabel.save(nibabel.Nifti1Image(mask, affine), tmp_path / "real" / "mask.nii.gz")
    path = make_nmosd_cohort(
        tmp_path / "out", subjects=4, overlap=0.3, lesion_masks=tmp_path / "real", **TINY
    )
    lesions = lesions_of(path)
    ms = [row for row in lesions if row["map"] == "MS"]
    assert {float(row["volume_ml"]) for row in lesions} <= {0.216, 0.6}
    assert {row["map"] for row in lesions} == {"MS", "NMOSD"}
    centre = np.array([[float(row[f"centre_{axis}_mm"]) for axis in "ras"] for row in ms])
    assert np.abs(centre.mean(axis=0) - (30, -20, 26)).max() < 4
    assert read_manifest(path).sidecar.source.count("1 real masks") == 1
    assert str(tmp_path) not in "".join(file.read_text() for file in path.parent.glob("*.json"))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("subjects", 0),
        ("effect", -0.1),
        ("effect", 1.5),
        ("effect", float("nan")),
        ("seed", -1),
        ("overlap", -0.1),
        ("overlap", 1.1),
        ("nmosd_share", 1.2),
        ("voxel_size_mm", 0.5),
        ("voxel_size_mm", 6.0),
        ("lesion_masks", Path("nowhere")),
    ],
)
def test_a_bad_setting_is_named_and_nothing_is_written(tmp_path, setting, value):
    with pytest.raises(UsageError, match=f"^{setting}: "):
        make_nmosd_cohort(tmp_path / "out", **{**TINY, setting: value})
    assert not (tmp_path / "out").exists()


def test_a_folder_of_another_kind_is_refused_and_left_alone(cohort, tmp_path):
    (tmp_path / "scan.txt").write_text("mine")
    before = bytes_below(tmp_path), bytes_below(cohort.parent)
    with pytest.raises(DataError, match="not a phantom cohort of kind nmosd"):
        make_nmosd_cohort(tmp_path, **TINY)
    with pytest.raises(DataError, match="not a phantom cohort of kind migraine"):
        make_migraine_cohort(cohort.parent, progress=False)
    assert before == (bytes_below(tmp_path), bytes_below(cohort.parent))
