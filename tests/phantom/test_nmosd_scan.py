from __future__ import annotations

import nibabel
import numpy as np
import pytest

from monai_mri.phantom.nmosd_scan import ScanGrid


@pytest.fixture(scope="module")
def grids():
    return [ScanGrid.drawn(np.random.default_rng(seed), 2.0) for seed in range(30)]


def test_fields_of_view_differ_in_size_place_and_direction(grids):
    assert len({grid.shape for grid in grids}) > 20
    assert np.std([grid.centre_mm for grid in grids], axis=0).min() > 1
    assert 8 < sum(grid.sagittal for grid in grids) < 22


def test_every_field_of_view_holds_the_brain(grids):
    for grid in grids:
        low = np.array(grid.corner_mm)
        high = low + grid.extent_mm
        assert (low < (-84, -120, -68)).all()
        assert (high > (84, 84, 92)).all()


def test_voxel_size_changes_neither_centre_nor_direction():
    coarse, fine = (ScanGrid.drawn(np.random.default_rng(1), size) for size in (4.0, 1.0))
    assert coarse.centre_mm == fine.centre_mm
    assert coarse.sagittal == fine.sagittal
    assert np.abs(np.subtract(coarse.extent_mm, fine.extent_mm)).max() <= 4


@pytest.mark.parametrize(("sagittal", "axes"), [(False, "RAS"), (True, "ASR")])
def test_a_stored_voxel_keeps_its_place_in_the_world(sagittal, axes):
    grid = ScanGrid((3, 4, 5), (2.0, 2.0, 2.0), (1.0, 2.0, 3.0), sagittal)
    voxels = np.arange(60).reshape(3, 4, 5)
    stored, affine = grid.stored(voxels)
    assert "".join(nibabel.aff2axcodes(affine)) == axes
    assert np.linalg.det(affine) > 0
    for index in np.ndindex(*stored.shape):
        world = affine @ [*index, 1]
        i, j, k = np.rint(np.linalg.inv(grid.affine) @ world)[:3].astype(int)
        assert stored[index] == voxels[i, j, k]


@pytest.mark.parametrize(("size", "parts"), [(1.5, 1), (2.0, 1), (3.0, 2), (5.0, 2)])
def test_only_voxels_above_2_and_a_half_mm_are_averaged_from_finer_ones(size, parts):
    grid = ScanGrid((4, 4, 4), (size,) * 3)
    assert [len(axis) for axis in grid.fine_axes_mm] == [4 * parts] * 3
    values = np.random.default_rng(0).random((4 * parts,) * 3).astype(np.float32)
    assert grid.average(values).shape == (4, 4, 4)
    assert grid.average(values).mean() == pytest.approx(values.mean(), abs=1e-5)
