from __future__ import annotations

import nibabel
import numpy as np
import pytest

from monai_mri.phantom.white_matter import (
    PLANTED,
    SHAPE,
    MapGrid,
    misregistration,
    modulated_map,
    plan,
    set_regions,
)

COARSE = MapGrid((41, 49, 41))


@pytest.fixture(scope="module")
def shared():
    return plan(COARSE)


def test_full_shape_has_the_grid_of_cat12():
    expected = [[-1.5, 0, 0, 90], [0, 1.5, 0, -126], [0, 0, 1.5, -72], [0, 0, 0, 1]]
    np.testing.assert_allclose(MapGrid(SHAPE).affine, expected)


def test_full_shape_has_the_grid_of_the_real_maps(real_data):
    real = nibabel.load(real_data / "open_ms_wm_mni" / "mwc2patient01.nii")
    np.testing.assert_allclose(MapGrid(SHAPE).affine, real.affine)
    assert real.shape == SHAPE


def test_a_coarse_grid_has_the_same_field_of_view():
    for grid in (COARSE, MapGrid((20, 30, 25)), MapGrid(SHAPE)):
        corners = np.array([[-0.5, -0.5, -0.5, 1], [*(n - 0.5 for n in grid.shape), 1]]) @ grid.affine.T
        np.testing.assert_allclose(corners[:, :3], [[90.75, -126.75, -72.75], [-90.75, 90.75, 108.75]])


def test_map_holds_the_volume_that_was_asked_for(shared):
    values = modulated_map(shared, volume_ml=480.0, rng=np.random.default_rng(0))
    assert values.sum() * COARSE.voxel_ml == pytest.approx(480, rel=1e-4)
    assert values.min() >= 0


def test_modulation_keeps_the_volume_of_what_is_displaced():
    axes = MapGrid((61, 73, 61)).axes_mm
    points, jacobian = misregistration(axes, np.random.default_rng(1))
    ball = np.clip(30 - np.linalg.norm(points - np.array([0, -20, 15])[:, None, None, None], axis=0), 0, 1)
    still = np.stack(np.meshgrid(*axes, indexing="ij"))
    truth = np.clip(30 - np.linalg.norm(still - np.array([0, -20, 15])[:, None, None, None], axis=0), 0, 1)
    moved = np.abs(ball - truth).sum() / truth.sum()
    assert moved > 0.03  # something was displaced
    assert (ball * jacobian).sum() == pytest.approx(truth.sum(), rel=0.01)


def test_regions_get_the_means_that_were_asked_for_and_the_rest_stays(shared):
    values = modulated_map(shared, volume_ml=500.0, rng=np.random.default_rng(2))
    targets = shared.means * np.array([0.8, 1.1, 1.0, 0.9, 1.05])
    changed = set_regions(values, shared, targets)
    np.testing.assert_allclose(shared.regional_means(changed), targets, rtol=1e-3)
    far = shared.weights.max(axis=0) == 0
    np.testing.assert_array_equal(changed[far], values[far])
    assert far.mean() > 0.5
    assert len(PLANTED) == len(targets)


def test_two_subjects_differ_and_one_stream_gives_one_map(shared):
    first, again, other = (
        modulated_map(shared, volume_ml=500.0, rng=np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    inside = shared.labels > 0
    assert 0.6 < np.corrcoef(first[inside], other[inside])[0, 1] < 0.97
