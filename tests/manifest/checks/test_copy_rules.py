from __future__ import annotations

import gzip
import os

import nibabel
import numpy as np
import pytest

from monai_mri.manifest import make_splits, splits_path, write_manifest, write_splits
from monai_mri.manifest.checks import check_manifest


def save(path, *, seed, shape=(24, 24, 24)):
    noise = np.random.default_rng(seed).normal(100, 20, shape).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(noise, np.eye(4)), path)
    return path


@pytest.fixture
def cohort(tmp_path):
    rows = []
    for number in range(4):
        cells = {column: f"{number}_{column}.nii.gz" for column in ("t1", "flair")}
        for column, name in cells.items():
            save(tmp_path / name, seed=number + 10 * (column == "t1"))
        rows.append({"subject_id": f"s{number}", **cells})
    return tmp_path, rows


def found(tmp_path, rows, *, depth="voxels"):
    path = write_manifest(tmp_path / "m.csv", rows).path
    return [(finding.code, finding.subject) for finding in check_manifest(path, depth=depth).findings]


def test_images_of_their_own_yield_nothing(cohort):
    assert found(*cohort) == []


def test_the_bytes_of_one_column_are_found_in_another(cohort):
    tmp_path, rows = cohort
    (tmp_path / "3_flair.nii.gz").write_bytes((tmp_path / "0_t1.nii.gz").read_bytes())
    assert found(tmp_path, rows) == [("E110", "s3")]


def test_the_voxels_of_one_column_are_found_in_another(cohort):
    tmp_path, rows = cohort
    plain = gzip.decompress((tmp_path / "0_t1.nii.gz").read_bytes())
    (tmp_path / "3_flair.nii.gz").write_bytes(gzip.compress(plain, 1))
    assert found(tmp_path, rows) == [("E110", "s3")]


def test_one_path_in_two_columns_of_two_subjects_is_found_without_opening_it(cohort):
    tmp_path, rows = cohort
    rows[3]["flair"] = rows[0]["t1"]
    assert found(tmp_path, rows, depth="table") == [("E110", "s3")]


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_a_link_under_another_subject_is_found_by_headers(cohort, link):
    tmp_path, rows = cohort
    (tmp_path / "3_flair.nii.gz").unlink()
    link(tmp_path / "0_flair.nii.gz", tmp_path / "3_flair.nii.gz")
    assert found(tmp_path, rows, depth="header") == [("E110", "s3")]


def test_one_mask_under_two_subjects_is_found(cohort):
    tmp_path, rows = cohort
    for row in rows:
        row["mask"] = "one.nii.gz"
    codes = [code for code, _ in found(tmp_path, rows, depth="table")]
    assert codes == ["E110"] * 3


def test_an_image_as_its_own_mask_is_found(cohort):
    tmp_path, rows = cohort
    for row in rows:
        row["mask"] = row["flair"]
    assert {code for code, _ in found(tmp_path, rows, depth="table")} == {"E512"}


def test_near_copies_in_two_official_parts_are_errors(cohort):
    tmp_path, rows = cohort
    image = nibabel.load(tmp_path / "0_flair.nii.gz").get_fdata(dtype=np.float32)
    noisy = image + np.random.default_rng(9).normal(0, 1, image.shape).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(noisy, np.eye(4)), tmp_path / "3_flair.nii.gz")
    assert found(tmp_path, rows) == [("W113", "s3")]
    for number, row in enumerate(rows):
        row["official_part"] = "test" if number == 3 else "train"
    assert found(tmp_path, rows) == [("E605", "s3")]


def test_splits_decide_before_official_parts(cohort):
    tmp_path, rows = cohort
    image = nibabel.load(tmp_path / "0_flair.nii.gz").get_fdata(dtype=np.float32)
    nibabel.save(nibabel.Nifti1Image(image * 1.001 + 0.01 * image**2, np.eye(4)), tmp_path / "3_flair.nii.gz")
    manifest = write_manifest(tmp_path / "m.csv", rows)
    together = {"s0": "train", "s3": "train"}
    splits = make_splits(manifest, test=1, validation=1, assign=together)
    write_splits(splits_path(manifest.path), splits)
    assert [finding.code for finding in check_manifest(manifest.path, depth="voxels").findings] == ["W113"]
