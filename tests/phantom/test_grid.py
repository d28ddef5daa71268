from __future__ import annotations

import numpy as np
import pytest

from monai_mri.phantom.grid import Grid


@pytest.mark.parametrize("voxel_mm", [(1, 1, 4), (1.25, 1.25, 5), (4, 4, 8), (3, 0.9, 2.2)])
def test_grid_covers_the_head(voxel_mm):
    grid = Grid.covering(voxel_mm)
    assert all(a >= b for a, b in zip(grid.extent_mm, (192, 230, 170), strict=True))


def test_affine_puts_the_first_voxel_half_a_voxel_inside_the_corner():
    grid = Grid.covering((2, 3, 4), (20, 30, 40))
    assert grid.shape == (10, 10, 10)
    np.testing.assert_allclose(grid.affine[:3, 3], np.add(grid.corner_mm, (1, 1.5, 2)))
    np.testing.assert_allclose([axis[0] for axis in grid.axes_mm], grid.affine[:3, 3])


def test_fine_axes_average_to_the_coarse_ones():
    grid = Grid.covering((4, 1.25, 5), (40, 25, 50))
    for fine, coarse in zip(grid.fine_axes_mm, grid.axes_mm, strict=True):
        np.testing.assert_allclose(fine.reshape(len(coarse), -1).mean(axis=1), coarse)


def test_average_of_fine_voxels_is_their_block_mean():
    grid = Grid.covering((1, 1, 4), (2, 2, 8))
    fine = np.zeros([len(axis) for axis in grid.fine_axes_mm])
    fine[0, 0, 0] = 1.0
    assert grid.average(fine)[0, 0, 0] == pytest.approx(0.5)
    assert grid.average(fine).sum() == pytest.approx(0.5)
