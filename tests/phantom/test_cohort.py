from __future__ import annotations

import json
import shutil
import subprocess
import sys

import nibabel
import numpy as np
import pytest

from monai_mri.errors import DataError, UsageError
from monai_mri.manifest import read_manifest
from monai_mri.phantom import make_plaque_cohort

TINY = {"voxel_size_mm": (4.0, 4.0, 8.0), "progress": False}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return make_plaque_cohort(tmp_path_factory.mktemp("cohort"), subjects=2, seed=5, **TINY)


def bytes_below(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_manifest_lists_every_subject_with_its_files(cohort):
    manifest = read_manifest(cohort)
    assert list(manifest.table.columns) == ["subject_id", "session_id", "site", "flair", "mask"]
    assert list(manifest.table["subject_id"]) == ["sub-001", "sub-002"]
    assert list(manifest.table["site"]) == ["site-a", "site-b"]
    for row in manifest.rows():
        assert manifest.resolve(row["flair"]).is_file()
        assert manifest.resolve(row["mask"]).name == f"{row['subject_id']}_plaques.nii.gz"


def test_sidecar_says_that_the_images_are_synthetic_and_how_they_were_made(cohort):
    source = json.loads(cohort.with_suffix(".json").read_text())["source"]
    for words in ("Synthetic", "seed 5", "effect 1.0", "voxel_size_mm [4.0, 4.0, 8.0]"):
        assert words in source


def test_images_are_nifti_in_mni_space(cohort):
    row = read_manifest(cohort).rows()[0]
    flair, mask = (nibabel.load(cohort.parent / row[column]) for column in ("flair", "mask"))
    assert flair.get_data_dtype() == np.int16
    assert mask.get_data_dtype() == np.uint8
    assert set(np.unique(mask.dataobj)) == {0, 1}
    for image in (flair, mask):
        assert nibabel.aff2axcodes(image.affine) == ("R", "A", "S")
        assert image.header.get_xyzt_units()[0] == "mm"
        assert image.header.get_zooms() == (4.0, 4.0, 8.0)
        for matrix, code in (image.get_sform(coded=True), image.get_qform(coded=True)):
            assert code == 4
            np.testing.assert_allclose(matrix, flair.affine, atol=1e-4)


def test_same_seed_gives_the_same_bytes(cohort, tmp_path):
    again = make_plaque_cohort(tmp_path, subjects=2, seed=5, **TINY)
    assert bytes_below(again.parent) == bytes_below(cohort.parent)


def test_null_cohort_has_the_same_masks_and_other_images(cohort, tmp_path):
    make_plaque_cohort(tmp_path, subjects=1, seed=5, effect=0, **TINY)
    null, real = (bytes_below(folder / "sub-001") for folder in (tmp_path, cohort.parent))
    assert null["sub-001_plaques.nii.gz"] == real["sub-001_plaques.nii.gz"]
    assert null["sub-001_flair.nii.gz"] != real["sub-001_flair.nii.gz"]


def test_a_smaller_cohort_replaces_a_larger_one_and_holds_the_same_first_subject(cohort, tmp_path):
    shutil.copytree(cohort.parent, tmp_path, dirs_exist_ok=True)
    first = tmp_path / "sub-001" / "sub-001_flair.nii.gz"
    first.write_bytes(b"stale")
    make_plaque_cohort(tmp_path, subjects=1, seed=5, **TINY)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["manifest.csv", "manifest.json", "phantom.json", "sub-001"]
    assert bytes_below(tmp_path / "sub-001") == bytes_below(cohort.parent / "sub-001")


def test_field_of_view_can_be_chosen(tmp_path):
    make_plaque_cohort(tmp_path, subjects=1, shape_mm=(100.0, 120.0, 40.0), **TINY)
    assert nibabel.load(tmp_path / "sub-001" / "sub-001_flair.nii.gz").shape == (25, 30, 5)


def test_a_folder_with_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "scan.txt").write_text("mine")
    with pytest.raises(DataError, match="not a phantom cohort"):
        make_plaque_cohort(tmp_path, subjects=1, **TINY)
    assert bytes_below(tmp_path) == {"scan.txt": b"mine"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(DataError, match="expected a folder"):
        make_plaque_cohort(tmp_path / "out", subjects=1, **TINY)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("subjects", 0),
        ("effect", -0.5),
        ("effect", float("nan")),
        ("effect", float("inf")),
        ("seed", -1),
        ("voxel_size_mm", (1.0, 1.0, 0.0)),
        ("voxel_size_mm", (1.0, -1.0, 4.0)),
        ("voxel_size_mm", (1.0, 4.0)),
        ("voxel_size_mm", (1.0, 1.0, float("nan"))),
        ("shape_mm", (100.0, 100.0, 0.0)),
    ],
)
def test_a_bad_setting_is_named_and_nothing_is_written(tmp_path, setting, value):
    with pytest.raises(UsageError, match=f"^{setting}: "):
        make_plaque_cohort(tmp_path / "out", **{**TINY, setting: value})
    assert not (tmp_path / "out").exists()


def test_import_needs_neither_torch_nor_monai():
    code = "import sys, monai_mri.phantom; print({'torch', 'monai', 'nilearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
