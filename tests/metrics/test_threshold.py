from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monai_mri.errors import ImageError, UsageError
from monai_mri.metrics import Counts, ThresholdHistogram, count_voxels, f1, is_collapsed, precision, recall

BINS = 16
on_edges = st.integers(0, BINS).map(lambda k: k / BINS)
near_edges = st.tuples(on_edges, st.sampled_from([0.0, 1.0])).map(
    lambda pair: float(np.nextafter(np.float32(pair[0]), np.float32(pair[1])))
)
probabilities = st.one_of(on_edges, near_edges, st.floats(0, 1, width=16))
images = st.tuples(arrays(np.float64, (3, 5), elements=probabilities), arrays(bool, (3, 5)))


def filled(pairs, *, bins=BINS):
    histogram = ThresholdHistogram(bins=bins)
    for probability, truth in pairs:
        histogram.add(probability, truth)
    return histogram


@settings(deadline=None)
@given(st.lists(images, min_size=1, max_size=3), st.sampled_from([np.float16, np.float32, np.float64]))
def test_every_point_of_the_curve_equals_thresholding_the_images(pairs, dtype):
    pairs = [(probability.astype(dtype), truth) for probability, truth in pairs]
    curve = filled(pairs).curve()
    for index, threshold in enumerate(curve.threshold.tolist()):
        direct = sum((count_voxels(p >= threshold, truth) for p, truth in pairs), Counts())
        assert astuple(direct) == (curve.tp[index], curve.fp[index], curve.fn[index])
        point = (curve.precision[index], curve.recall[index], curve.f1[index])
        np.testing.assert_equal(point, (precision(direct), recall(direct), f1(direct)))


@settings(deadline=None)
@given(st.lists(images, min_size=1, max_size=3))
def test_no_candidate_beats_the_best_and_thresholding_there_gives_its_scores(pairs):
    histogram = filled(pairs)
    best = histogram.best()
    direct = sum((count_voxels(p >= best.threshold, truth) for p, truth in pairs), Counts())
    assert histogram.counts_at(best.threshold) == direct
    if direct.tp:
        assert best.f1 == f1(direct) == np.nanmax(histogram.curve().f1)
        assert (best.precision, best.recall) == (precision(direct), recall(direct))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_default_histogram_is_exact_at_every_bin_edge(dtype):
    edges = (np.arange(1025) / 1024).astype(dtype)[None]
    truth = np.random.default_rng(0).random(edges.shape) < edges
    curve = filled([(edges, truth)], bins=1024).curve()
    assert (curve.threshold.astype(dtype) == curve.threshold).all()
    direct = [count_voxels(edges >= threshold, truth) for threshold in curve.threshold.tolist()]
    np.testing.assert_array_equal(curve.tp, [held.tp for held in direct])
    np.testing.assert_array_equal(curve.fp, [held.fp for held in direct])


def test_torch_thresholds_exactly_as_the_histogram():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    edges = np.repeat(np.arange(1025, dtype=np.float32) / 1024, 3).reshape(-1, 3)
    near = np.stack([np.nextafter(edges[:, 0], 0), edges[:, 1], np.nextafter(edges[:, 2], 1)], axis=1)
    probability, truth = near.astype(np.float32), rng.random(near.shape) < 0.5
    histogram = filled([(probability, truth)], bins=1024)
    for threshold in (1 / 1024, 0.41015625, 1.0):
        pred = (torch.from_numpy(probability) >= threshold).numpy()
        assert histogram.counts_at(threshold) == count_voxels(pred, truth)


def test_the_middle_of_equally_good_thresholds_is_chosen():
    best = filled([(np.array([[0.0, 0.0, 1.0]]), np.array([[False, False, True]]))]).best()
    assert best.threshold == 0.5
    assert best.f1 == 1.0


def test_histograms_add_like_their_images():
    rng = np.random.default_rng(0)
    pairs = [(rng.random((4, 6, 3)), rng.random((4, 6, 3)) < 0.2) for _ in range(4)]
    together, added = filled(pairs), filled(pairs[:1]) + filled(pairs[1:])
    assert added.images == 4
    np.testing.assert_equal(vars(added.curve()), vars(together.curve()))
    assert added.best() == together.best()


def test_without_true_voxels_there_is_no_best_threshold():
    best = filled([(np.full((2, 2), 0.7), np.zeros((2, 2), bool))]).best()
    np.testing.assert_equal(astuple(best), (math.nan,) * 4)


def test_a_collapsed_network_gets_no_threshold_and_is_told_as_collapsed():
    probability, truth = np.full((2, 2), 1e-5), np.eye(2, dtype=bool)
    histogram = filled([(probability, truth)])
    best = histogram.best()
    np.testing.assert_equal(astuple(best), (math.nan, 0.0, math.nan, 0.0))
    assert is_collapsed(histogram.counts_at(best.threshold))
    assert is_collapsed(count_voxels(probability >= best.threshold, truth))


@pytest.mark.parametrize("bins", [0, 1, 1000, 2**21, -8])
def test_bins_that_are_no_power_of_two_are_refused(bins):
    with pytest.raises(UsageError, match="expected a power of two"):
        ThresholdHistogram(bins=bins)


@pytest.mark.parametrize("threshold", [0.0, 0.41, 1.0625, -0.5])
def test_counts_are_known_at_candidates_only(threshold):
    with pytest.raises(UsageError, match="expected a multiple of 1/16"):
        ThresholdHistogram(bins=16).counts_at(threshold)


def test_histograms_of_different_bins_do_not_add():
    with pytest.raises(UsageError, match="16 and 32 bins"):
        ThresholdHistogram(bins=16) + ThresholdHistogram(bins=32)


@pytest.mark.parametrize(
    ("probability", "truth", "error"),
    [
        (np.array([[0.5, math.nan]]), np.array([[True, False]]), ImageError),
        (np.array([[0.5, 1.5]]), np.array([[True, False]]), ImageError),
        (np.array([[0.5, 0.5]]), np.array([[True]]), ImageError),
        (np.array([[0.5, 0.5]]), np.array([[1, 0]]), UsageError),
        (np.array([[0, 255]], np.uint8), np.array([[True, False]]), UsageError),
    ],
)
def test_images_that_cannot_be_counted_are_refused(probability, truth, error):
    with pytest.raises(error, match=r"^ThresholdHistogram\.add: .* expected"):
        ThresholdHistogram().add(probability, truth)
