from __future__ import annotations

import numpy as np
import pytest

from monai_mri.phantom.anatomy import load_anatomy
from monai_mri.phantom.tumour_vessels import draw_enhancement


@pytest.fixture(scope="module")
def anatomy():
    return load_anatomy(step_mm=2)


@pytest.fixture(scope="module")
def added(anatomy):
    return draw_enhancement(anatomy, np.random.default_rng(0))


def at(anatomy, added, point_mm):
    i, j, k = anatomy.nearest_voxel(np.asarray(point_mm))
    return added[i - 1 : i + 2, j - 1 : j + 2, k - 1 : k + 2].max()


@pytest.mark.parametrize("point_mm", [(0, -72, -4), (13, 2, -20), (-38, 2, -14), (0, -18, -36)])
def test_large_vessels_light_up(anatomy, added, point_mm):
    assert at(anatomy, added, point_mm) > 0.4


def test_the_sagittal_sinus_runs_along_the_inside_of_the_skull(anatomy, added):
    middle = int(anatomy.nearest_voxel(np.zeros(3))[0])
    plane = added[middle] > 0.3
    y, z = anatomy.axes_mm[1], anatomy.axes_mm[2]
    for back_mm in (-60, -30, 0, 30):
        column = np.flatnonzero(plane[np.abs(y - back_mm).argmin()] & (z > 40))
        skull = np.flatnonzero(anatomy.skull_mm[middle, np.abs(y - back_mm).argmin()] <= 0)
        assert len(column)
        assert abs(2 * (column.max() - skull.max())) <= 6


def test_vessels_are_thin_and_lie_within_the_skull(anatomy, added):
    assert added.min() >= 0
    assert added.max() <= 1.6
    assert not added[anatomy.skull_mm > 4].any()
    assert (added > 0.2)[anatomy.skull_mm <= 0].mean() < 0.03


def test_no_two_heads_have_the_same_veins_on_their_cortex(anatomy, added):
    other = draw_enhancement(anatomy, np.random.default_rng(1))
    assert (np.abs(other - added) > 0.2).sum() > 100
