from __future__ import annotations

import nibabel
import numpy as np
import pytest

from monai_mri.errors import ImageError
from monai_mri.images.headers import read_header


def test_a_volume_says_shape_spacing_and_orientation(tmp_path, make_nifti):
    header = read_header(make_nifti(tmp_path / "a.nii.gz"))
    assert (header.shape, header.spacing_mm, header.orientation) == ((6, 7, 3), (2.0, 2.0, 4.0), "LAS")


def test_a_volume_without_qform_and_sform_has_no_orientation(tmp_path, make_nifti):
    header = read_header(make_nifti(tmp_path / "a.nii", codes=0))
    assert header.spacing_mm == (2.0, 2.0, 4.0)
    assert header.orientation is None
    assert header.affine is None


def test_spacing_in_metres_becomes_mm(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.uint8), np.diag([0.001, 0.001, 0.005, 1]))
    image.header.set_xyzt_units("meter")
    nibabel.save(image, tmp_path / "a.nii")
    assert read_header(tmp_path / "a.nii").spacing_mm == (1.0, 1.0, 5.0)


@pytest.mark.parametrize("ending", ["jpg", "JPEG", "png", "tif", "tiff"])
def test_a_picture_says_rows_and_columns_only(tmp_path, make_picture, ending):
    header = read_header(make_picture(tmp_path / f"a.{ending}", size=(5, 4)))
    assert header.shape == header.grid == (4, 5)
    assert header.spacing_mm is None
    assert header.orientation is None


def test_channels_are_not_part_of_the_grid(tmp_path, make_picture):
    header = read_header(make_picture(tmp_path / "a.png", mode="RGB"))
    assert (header.shape, header.grid) == ((4, 5, 3), (4, 5))


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nii", "a.png", "a.gif", "a.dcm"])
def test_a_file_that_is_no_image_is_refused_in_one_line(tmp_path, name):
    (tmp_path / name).write_bytes(b"no image")
    with pytest.raises(ImageError, match="expected") as caught:
        read_header(tmp_path / name)
    assert "\n" not in str(caught.value)
