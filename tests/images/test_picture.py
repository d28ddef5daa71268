from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monai_mri.errors import ImageError
from monai_mri.images.picture import Picture, check_same_grid, require_finite

IMAGE = Picture(np.zeros((3, 4, 5), np.float32), np.eye(4), (1.0, 1.0, 1.0), Path("image.nii"), "nifti")


def moved(row, column, by):
    affine = np.eye(4)
    affine[row, column] += by
    return replace(IMAGE, affine=affine, path=Path("mask.nii"))


def test_equal_grids_pass():
    check_same_grid(IMAGE, replace(IMAGE, path=Path("mask.nii")))


@pytest.mark.parametrize(("row", "column", "by"), [(0, 3, 0.09), (2, 2, 0.02), (0, 1, -0.0009)])
def test_rounding_of_an_affine_is_tolerated(row, column, by):
    check_same_grid(IMAGE, moved(row, column, by))


@pytest.mark.parametrize(
    ("row", "column", "by", "words"), [(0, 3, 40, "an affine 40 mm off"), (1, 1, 0.05, "0.15 mm off")]
)
def test_another_place_is_refused_naming_both_files_and_the_gap(row, column, by, words):
    with pytest.raises(ImageError, match=rf"^mask\.nii: another grid: .*{words}.* of image\.nii.*\[E209\]$"):
        check_same_grid(IMAGE, moved(row, column, by))


def test_another_shape_is_refused_naming_both_shapes():
    with pytest.raises(ImageError, match="shape 3 x 4 x 6, the image has shape 3 x 4 x 5"):
        check_same_grid(IMAGE, replace(IMAGE, array=np.zeros((3, 4, 6), np.float32)))


def test_a_volume_and_a_picture_do_not_share_a_grid():
    with pytest.raises(ImageError, match="mask is a picture, image a nifti"):
        check_same_grid(IMAGE, replace(IMAGE, affine=None, kind="picture"))


def test_voxels_that_are_not_finite_are_counted():
    with pytest.raises(ImageError, match=r"x\.nii: 1 NaN and 2 infinite of 5 voxels.*\[E301\]$"):
        require_finite(np.array([0, np.nan, np.inf, -np.inf, 1]), Path("x.nii"))
