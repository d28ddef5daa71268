from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import nibabel
import numpy as np
import pytest

from monai_mri.errors import UsageError
from monai_mri.manifest import create_manifest, plan_manifest, read_manifest
from monai_mri.manifest.checks import check_manifest
from monai_mri.phantom import make_lesion_cohort
from monai_mri.phantom.lesion_kinds import PATTERNS_PPM, SPREAD_PPM

RE, DE = ("2", "6"), ("3", "5")
TINY = {"patch_size": 15, "voxel_size_mm": 2.0, "progress": False}
BINARY = {"2": 400, "3": 250, "5": 600, "6": 250}
LARGE = {"patients": 12, "lesions_per_patient": 9, "classes": BINARY, "patch_size": 15, "progress": False}


class Lesions:
    """A cohort's rows and what they show."""

    def __init__(self, path):
        from scipy import ndimage

        manifest = read_manifest(path)
        rows = manifest.rows()
        self.rows, self.path = rows, path
        self.label = np.array([row["label"] for row in rows])
        self.subject = np.array([row["subject_id"] for row in rows])
        self.demyelinating = np.isin(self.label, DE)
        flair, qsm, mask = (
            [nibabel.load(manifest.resolve(row[column])).get_fdata() for row in rows]
            for column in ("flair", "qsm", "mask")
        )
        mask = [one > 0 for one in mask]
        ring = [
            ndimage.binary_dilation(one, iterations=4) & ~ndimage.binary_dilation(one, iterations=2)
            for one in mask
        ]
        self.qsm, self.flair, self.qsm_ring, self.flair_ring = (
            np.array([values[where].mean() for values, where in zip(images, places, strict=True)])
            for images, places in ((qsm, mask), (flair, mask), (qsm, ring), (flair, ring))
        )
        self.volume_ml = np.array([float(row["volume_ml"]) for row in rows])

    def of(self, values):
        """Area under the ROC curve of a value for demyelinating against remyelinating lesions."""
        known = np.isin(self.label, RE + DE)
        ill, well = values[known & self.demyelinating], values[known & ~self.demyelinating]
        return float((ill[:, None] > well).mean() + (ill[:, None] == well).mean() / 2)

    @property
    def error(self):
        """About the standard error of an area of one half."""
        ill = self.demyelinating.sum()
        return float(np.sqrt((len(self.label) + 1) / (12 * ill * (len(self.label) - ill))))


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return Lesions(make_lesion_cohort(tmp_path_factory.mktemp("cohort"), seed=2, **LARGE))


@pytest.fixture(scope="module")
def null(tmp_path_factory):
    return Lesions(make_lesion_cohort(tmp_path_factory.mktemp("null"), seed=2, effect=0, **LARGE))


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Two patients with all classes and their full volumes."""
    return make_lesion_cohort(
        tmp_path_factory.mktemp("scans"), patients=2, lesions_per_patient=9, volumes=True, seed=1, **TINY
    )


def bytes_below(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def test_qsm_tells_remyelinating_from_demyelinating(cohort):
    assert cohort.of(cohort.qsm) > 0.8
    assert cohort.of(cohort.qsm - cohort.qsm_ring) > 0.9


def test_flair_and_mask_tell_next_to_nothing(cohort):
    # Patients differ in their shares of the classes, so that chance is wider than the lesions' number says.
    for values in (cohort.flair, cohort.flair / cohort.flair_ring, cohort.volume_ml):
        assert abs(cohort.of(values) - 0.5) < 5 * cohort.error


def test_in_the_null_cohort_qsm_tells_nothing_either(cohort, null):
    assert list(null.label) == list(cohort.label)
    for values in (null.qsm - null.qsm_ring, null.qsm):
        assert abs(null.of(values) - 0.5) < 5 * null.error
    np.testing.assert_array_equal(null.flair, cohort.flair)
    np.testing.assert_array_equal(null.volume_ml, cohort.volume_ml)


def test_contrast_of_each_class_is_as_planted(cohort, null):
    added = (cohort.qsm - cohort.qsm_ring) - (null.qsm - null.qsm_ring)
    for label in BINARY:
        low, high = sorted(PATTERNS_PPM[label])
        found = added[cohort.label == label].mean()
        assert 0.7 * low - 0.002 < found < high + 0.002 if low >= 0 else 1.1 * low < found < 0.6 * high, label
    spread = (null.qsm - null.qsm_ring).std()
    assert 0.6 * SPREAD_PPM < spread < 1.6 * SPREAD_PPM


def test_a_patients_lesions_share_an_offset_and_a_grain(cohort):
    for values in (cohort.qsm_ring, cohort.flair_ring):
        means = [values[cohort.subject == subject].mean() for subject in np.unique(cohort.subject)]
        assert np.var(means) > 0.3 * values.var()


def test_a_split_by_lesion_leaks_the_patient_through_flair(cohort):
    """The nearest other lesion in FLAIR is mostly one of the same patient."""
    looks = np.stack([cohort.flair_ring, cohort.flair], axis=1)
    looks = (looks - looks.mean(axis=0)) / looks.std(axis=0)
    distance = np.linalg.norm(looks[:, None] - looks, axis=-1) + np.diag(np.full(len(looks), np.inf))
    same = (cohort.subject[distance.argmin(axis=1)] == cohort.subject).mean()
    chance = (cohort.subject[:, None] == cohort.subject).mean()
    assert same > 2.5 * chance


def test_lesions_of_a_class_cluster_in_patients(cohort):
    """Two lesions of one patient agree in their type more often than two of different patients."""
    agree = cohort.demyelinating[:, None] == cohort.demyelinating
    same = cohort.subject[:, None] == cohort.subject
    np.fill_diagonal(same, val=False)
    other = ~same & ~np.eye(len(same), dtype=bool)
    assert agree[same].mean() > agree[other].mean() + 0.03


def test_classes_are_as_frequent_as_asked_for(cohort):
    assert set(cohort.label) <= set(BINARY)
    assert abs(cohort.demyelinating.mean() - 850 / 1500) < 0.2


def test_lesion_lies_in_the_middle_alone_and_is_as_large_as_the_row_says(cohort):
    for row in cohort.rows[:20]:
        mask = nibabel.load(cohort.path.parent / row["mask"])
        voxels = np.argwhere(np.asarray(mask.dataobj))
        if len(voxels) == int(row["voxels"]):  # else the patch cuts it
            np.testing.assert_allclose(voxels.mean(axis=0), 7, atol=0.51)
        assert float(row["volume_ml"]) == pytest.approx(int(row["voxels"]) / 1000)
        centre = mask.affine @ [7, 7, 7, 1]
        for axis, value in zip("ras", centre, strict=False):
            assert float(row[f"centre_{axis}_mm"]) == pytest.approx(value, abs=0.01)


def test_files_are_nifti_in_mni_space(scans):
    row = read_manifest(scans).rows()[0]
    flair, qsm, mask = (nibabel.load(scans.parent / row[column]) for column in ("flair", "qsm", "mask"))
    for image, kind in ((flair, np.int16), (qsm, np.int16), (mask, np.uint8)):
        assert image.get_data_dtype() == kind
        assert image.shape == (15, 15, 15)
        assert int(image.header["sform_code"]) == 4
        np.testing.assert_array_equal(image.affine, flair.affine)
    assert np.abs(qsm.get_fdata()).max() < 0.4
    assert set(np.unique(mask.dataobj)) == {0, 1}


def test_manifest_fits_the_studys_schema_and_passes_the_check(scans, repository):
    schema = json.loads((repository / "data_manifests/ms_lesion.schema.json").read_text())
    for row in read_manifest(scans).rows():
        jsonschema.validate(row, schema)
    result = check_manifest(scans, depth="header")
    assert not [finding for finding in result.findings if finding.code.startswith("E")]


def test_lesion_patches_cuts_the_same_patches_from_the_volumes(scans, tmp_path):
    cut = create_manifest(
        "lesion-patches", scans.parent / "scans", tmp_path / "cut.csv", preset="ms_lesion_six", size="15"
    )
    made = {
        (row["subject_id"], row["centre_r_mm"], row["centre_a_mm"], row["centre_s_mm"]): row
        for row in read_manifest(scans).rows()
    }
    assert len(made) == len(cut.rows()) > 8
    for row in cut.rows():
        one = made[row["subject_id"], row["centre_r_mm"], row["centre_a_mm"], row["centre_s_mm"]]
        assert (row["label"], row["volume_ml"]) == (one["label"], one["volume_ml"])
        for column, slack in (("mask", 0), ("flair", 1.01), ("qsm", 1.01e-4)):
            ours, theirs = nibabel.load(scans.parent / one[column]), nibabel.load(cut.resolve(row[column]))
            np.testing.assert_allclose(ours.affine, theirs.affine, atol=1e-4)
            if row["padded_voxels"] == "0":
                np.testing.assert_allclose(ours.get_fdata(), theirs.get_fdata(), atol=slack)


def test_preset_ms_lesion_takes_the_lesions_of_both_types(scans):
    planned = plan_manifest("lesion-patches", scans.parent / "scans", preset="ms_lesion", size="15")
    labels = [row["label"] for row in read_manifest(scans).rows()]
    assert len(planned.samples) == sum(label in RE + DE for label in labels)
    assert {sample.extra["label"] for sample in planned.samples} <= {"remyelinating", "demyelinating"}


def test_a_smaller_cohort_replaces_a_larger_one_and_holds_the_same_first_patient(scans, tmp_path):
    settings = {"lesions_per_patient": 9, "seed": 1, **TINY}
    make_lesion_cohort(tmp_path, patients=2, **settings)
    first = bytes_below(tmp_path / "patches/sub-001")
    assert first == bytes_below(scans.parent / "patches/sub-001")
    make_lesion_cohort(tmp_path, patients=1, **settings)
    assert bytes_below(tmp_path / "patches") == {f"sub-001/{name}": held for name, held in first.items()}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("patients", 0),
        ("lesions_per_patient", 0),
        ("effect", -0.1),
        ("effect", float("inf")),
        ("seed", -1),
        ("patch_size", 4),
        ("voxel_size_mm", 0.0),
        ("classes", {}),
        ("classes", {"7": 1.0}),
        ("classes", {"2": 0.0}),
    ],
)
def test_a_bad_setting_is_named_and_nothing_is_written(tmp_path, setting, value):
    with pytest.raises(UsageError, match=f"^{setting}: "):
        make_lesion_cohort(tmp_path / "out", **{**TINY, setting: value})
    assert not (tmp_path / "out").exists()
