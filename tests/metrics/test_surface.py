from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from monai_mri.errors import ImageError, UsageError
from monai_mri.metrics import directed_surface_distances_mm, surface, surface_distances_mm

SPACINGS = {2: ((1.0, 1.0), (0.4, 3.1)), 3: ((1.0, 1.0, 1.0), (0.5, 1.25, 4.0))}
NAN = (math.nan,) * 3


@st.composite
def scenes(draw):
    """Two masks of one shape, neither empty, and a voxel size."""
    shape = draw(array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=6))
    pair = []
    for _ in range(2):
        mask = draw(arrays(bool, shape))
        mask[tuple(draw(st.integers(0, side - 1)) for side in shape)] = True
        pair.append(mask)
    spacing_mm = draw(st.lists(st.floats(0.1, 10), min_size=len(shape), max_size=len(shape)))
    return (*pair, tuple(spacing_mm))


def figures(pred, truth, spacing_mm):
    return astuple(surface_distances_mm(pred, truth, spacing_mm=spacing_mm))


@pytest.fixture(params=["_nearest_by_tree", "_nearest_by_transform"])
def way(request, monkeypatch):
    """Both ways of finding the nearest surface voxel, one after the other."""
    monkeypatch.setattr(surface, "TREE_COST", 0 if request.param == "_nearest_by_tree" else 10**9)
    return request.param


@pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")  # MONAI warns of itself
@pytest.mark.usefixtures("way")
def test_figures_agree_with_monai(adversarial_pairs):
    torch = pytest.importorskip("torch")
    from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance

    for name, (pred, truth) in adversarial_pairs.items():
        y_pred, y = (torch.from_numpy(mask)[None, None].float() for mask in (pred, truth))
        for spacing_mm in SPACINGS[pred.ndim]:
            settings_ = {"include_background": True, "spacing": spacing_mm}
            expected = (
                compute_hausdorff_distance(y_pred, y, **settings_).item(),
                compute_hausdorff_distance(y_pred, y, percentile=95, **settings_).item(),
                compute_average_surface_distance(y_pred, y, symmetric=True, **settings_).item(),
            )
            assert figures(pred, truth, spacing_mm) == pytest.approx(expected, rel=1e-5, abs=1e-6), name


@pytest.mark.usefixtures("way")
def test_distances_agree_with_scipy(adversarial_pairs):
    for name, (pred, truth) in adversarial_pairs.items():
        edges = [mask & ~ndimage.binary_erosion(mask) for mask in (pred, truth)]
        for spacing_mm in SPACINGS[pred.ndim]:
            found = directed_surface_distances_mm(pred, truth, spacing_mm=spacing_mm)
            for ours, source, target in zip(found, edges, edges[::-1], strict=True):
                reference = ndimage.distance_transform_edt(~target, sampling=spacing_mm)[source]
                np.testing.assert_allclose(ours, reference, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.usefixtures("way")
def test_distances_agree_with_panoptica_under_its_own_conventions(panoptica_cases):
    for case in panoptica_cases:
        forward, backward = directed_surface_distances_mm(
            case["pred"], case["truth"], spacing_mm=case["spacing_mm"]
        )
        ours = (
            max(forward.max(), backward.max()),
            np.percentile(np.concatenate([forward, backward]), 95),
            (forward.mean() + backward.mean()) / 2,
        )
        theirs = (case["hd_mm"], case["hd95_pooled_mm"], case["assd_of_means_mm"])
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6), case["name"]


def test_two_planes_three_voxels_apart_are_three_voxels_apart():
    pred, truth = np.zeros((2, 8, 4, 4), bool)
    pred[2], truth[5] = True, True
    assert figures(pred, truth, (2.5, 1.0, 1.0)) == pytest.approx((7.5, 7.5, 7.5))


def test_hd95_is_the_larger_of_the_two_directed_percentiles():
    pred, truth = np.zeros((2, 1, 201), bool)
    pred[0, :101], truth[0, 0] = True, True
    found = surface_distances_mm(pred, truth, spacing_mm=(1.0, 1.0))
    assert (found.hd_mm, found.hd95_mm, found.assd_mm) == pytest.approx((100, 95, 5050 / 102))


@pytest.mark.parametrize("held", [(False, False), (True, False), (False, True)])
def test_an_empty_mask_has_no_distances(held):
    masks = (np.full((4, 4, 4), mask) for mask in held)
    np.testing.assert_equal(figures(*masks, (1.0, 1.0, 1.0)), NAN)


def test_an_unknown_voxel_size_gives_no_distances_in_mm():
    np.testing.assert_equal(figures(np.ones((3, 3), bool), np.ones((3, 3), bool), None), NAN)


@settings(max_examples=60, deadline=None)
@given(scenes())
def test_distances_are_symmetric_and_ordered(scene):
    pred, truth, spacing_mm = scene
    hd, hd95, assd = figures(pred, truth, spacing_mm)
    assert figures(truth, pred, spacing_mm) == pytest.approx((hd, hd95, assd))
    assert 0 <= assd <= hd * (1 + 1e-6)
    assert 0 <= hd95 <= hd * (1 + 1e-6)
    assert figures(pred, pred, spacing_mm) == (0, 0, 0)


@settings(max_examples=60, deadline=None)
@given(scenes(), st.data())
def test_turning_flipping_and_padding_change_nothing(scene, data):
    pred, truth, spacing_mm = scene
    order = data.draw(st.permutations(range(pred.ndim)))
    flips = data.draw(st.lists(st.integers(0, pred.ndim - 1), unique=True))
    moved = [np.pad(np.flip(mask, flips).transpose(order), 2) for mask in (pred, truth)]
    expected = figures(pred, truth, spacing_mm)
    assert figures(*moved, [spacing_mm[axis] for axis in order]) == pytest.approx(expected, rel=1e-5)


@settings(max_examples=60, deadline=None)
@given(scenes(), st.floats(0.1, 10))
def test_distances_scale_with_the_voxel_size(scene, factor):
    pred, truth, spacing_mm = scene
    expected = [factor * value for value in figures(pred, truth, spacing_mm)]
    scaled = figures(pred, truth, [factor * size for size in spacing_mm])
    assert scaled == pytest.approx(expected, rel=1e-5)


def test_the_memory_order_of_the_masks_changes_nothing(adversarial_pairs):
    pred, truth = adversarial_pairs["random 0.4 in 3D"]
    expected = figures(pred, truth, (0.5, 1.0, 4.0))
    assert figures(np.asfortranarray(pred), np.asfortranarray(truth), (0.5, 1.0, 4.0)) == expected


@pytest.mark.parametrize("spacing_mm", [(1.0,), (1.0, 1.0, 1.0), (1.0, 0.0), (1.0, -2.0), (1.0, math.nan)])
def test_a_voxel_size_that_cannot_be_is_refused(spacing_mm):
    with pytest.raises(UsageError, match="spacing_mm"):
        surface_distances_mm(np.ones((3, 3), bool), np.ones((3, 3), bool), spacing_mm=spacing_mm)


@pytest.mark.parametrize("spacing_mm", [None, (1.0, 1.0)])
def test_masks_of_different_shapes_are_refused(spacing_mm):
    with pytest.raises(ImageError, match="expected the same"):
        surface_distances_mm(np.ones((3, 3), bool), np.ones((3, 4), bool), spacing_mm=spacing_mm)
