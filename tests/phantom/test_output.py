from __future__ import annotations

import gzip
import json

import nibabel
import numpy as np
import pytest

from monai_mri.errors import DataError, UsageError
from monai_mri.phantom.output import check_number, claim_folder, description, nifti_bytes, packed, stream


def test_streams_differ_by_study_subject_and_part():
    draws = {stream(0, *key).integers(2**60) for key in ((1, 0, 0), (2, 0, 0), (1, 1, 0), (1, 0, 1))}
    assert len(draws) == 4
    assert stream(0, 1, 2, 3).integers(2**60) == stream(0, 1, 2, 3).integers(2**60)


@pytest.mark.parametrize("value", [-1, 6, float("nan"), float("inf")])
def test_a_number_out_of_range_is_refused(value):
    with pytest.raises(UsageError, match=r"^size: .*expected a finite number of 0 to 5"):
        check_number("size", value, least=0, most=5)


def test_a_folder_is_claimed_once_for_one_kind(tmp_path):
    claim_folder(tmp_path / "a", "lesion", {"seed": 3})
    note = json.loads((tmp_path / "a/phantom.json").read_text())
    assert (note["kind"], note["seed"]) == ("lesion", 3)
    (tmp_path / "a/manifest.csv").write_text("old")
    claim_folder(tmp_path / "a", "lesion", {"seed": 4})
    assert not (tmp_path / "a/manifest.csv").exists()
    with pytest.raises(DataError, match="kind migraine"):
        claim_folder(tmp_path / "a", "migraine", {})


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(DataError, match="expected a folder"):
        claim_folder(tmp_path / "a", "lesion", {})


def test_description_says_how_the_images_were_made():
    assert "make_x on MNI152 anatomy, shows no person; seed 3, effect 0.5." in description(
        "make_x", {"seed": 3, "effect": 0.5}
    )


def test_slope_scales_what_is_read_and_bytes_are_always_the_same(tmp_path):
    voxels = np.arange(8, dtype=np.int16).reshape(2, 2, 2)
    content = packed(nifti_bytes(voxels, np.diag([-2.0, 2, 2, 1]), slope=0.5))
    assert content == packed(nifti_bytes(voxels, np.diag([-2.0, 2, 2, 1]), slope=0.5))
    assert len(gzip.decompress(content)) == 352 + 16
    path = tmp_path / "a.nii.gz"
    path.write_bytes(content)
    np.testing.assert_array_equal(nibabel.load(path).get_fdata(), voxels / 2)
