from __future__ import annotations

import pytest

from monai_mri.images.grids import grid_difference

SHAPE = (10, 10, 10)


def affine(*, shift_mm=0.0, voxel_mm=2.0):
    return ((voxel_mm, 0, 0, shift_mm), (0, voxel_mm, 0, 0), (0, 0, voxel_mm, 0))


@pytest.mark.parametrize("shift_mm", [0, 0.1, 0.2])
def test_a_tenth_of_a_voxel_is_one_grid(shift_mm):
    assert grid_difference((SHAPE, affine()), (SHAPE, affine(shift_mm=shift_mm))) == ("", "")


def test_more_than_a_tenth_of_a_voxel_is_another(tmp_path):
    found, expected = grid_difference((SHAPE, affine()), (SHAPE, affine(shift_mm=0.21)))
    assert (found, expected) == ("an affine 0.21 mm off", "the affine")


def test_a_larger_voxel_is_seen_at_the_far_corner():
    found, _ = grid_difference((SHAPE, affine()), (SHAPE, affine(voxel_mm=2.03)))
    assert found == "an affine 0.468 mm off"


def test_an_affine_with_nan_is_never_the_same():
    assert grid_difference((SHAPE, affine()), (SHAPE, affine(shift_mm=float("nan"))))[0]


def test_without_an_affine_shapes_decide():
    assert grid_difference((SHAPE, None), (SHAPE, affine(shift_mm=99))) == ("", "")
    assert grid_difference(((4, 4), None), ((4, 5), None)) == ("shape 4 x 5", "shape 4 x 4")
