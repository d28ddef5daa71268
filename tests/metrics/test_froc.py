from __future__ import annotations

import math

import numpy as np
import pytest

from monai_mri.errors import ImageError, UsageError
from monai_mri.metrics import FrocAccumulator, froc_curve, lesion_scores


def scans(count=3, *, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.random((6, 7, 5)), rng.random((6, 7, 5)) < 0.04) for _ in range(count)]


def test_a_known_map_gives_a_known_curve():
    probability = np.array([[0.9, 0.0, 0.6, 0.0, 0.5, 0.0, 0.8]])
    truth = np.array([[True, False, True, False, False, False, False]])
    curve = froc_curve([(probability, truth)], thresholds=(0.25, 0.55, 0.7, 0.85, 1.0))
    assert curve.sensitivity.tolist() == [1.0, 1.0, 0.5, 0.5, 0.0]
    assert curve.false_per_scan.tolist() == [2.0, 1.0, 1.0, 0.0, 0.0]


def test_every_point_equals_cutting_the_maps_and_scoring_the_lesions():
    rules = {"min_overlap": 0.3, "min_size_voxels": 2, "connectivity": 6}
    curve = froc_curve(iter(scans()), thresholds=(0.3, 0.5, 0.9), **rules)
    for index, threshold in enumerate(curve.threshold):
        found = [lesion_scores(p >= threshold, truth, **rules) for p, truth in scans()]
        assert curve.sensitivity[index] == sum(f.detected for f in found) / sum(f.truth_count for f in found)
        assert curve.false_per_scan[index] == sum(f.false for f in found) / 3


def test_scan_by_scan_equals_all_at_once():
    accumulator = FrocAccumulator()
    for probability, truth in scans():
        accumulator.add(probability, truth)
    one, other = accumulator.curve(), froc_curve(scans())
    np.testing.assert_equal(vars(one), vars(other))
    assert one.scans == 3


def test_scans_without_lesions_count_among_the_scans():
    probability, empty = np.full((4, 4), 0.9), np.zeros((4, 4), bool)
    curve = froc_curve([(probability, empty), (0 * probability, empty)], thresholds=(0.5,))
    assert curve.false_per_scan.tolist() == [0.5]
    assert math.isnan(curve.sensitivity[0])
    assert curve.truth_count == 0


def test_without_scans_the_curve_is_undefined():
    curve = FrocAccumulator(thresholds=(0.5,)).curve()
    assert math.isnan(curve.sensitivity[0])
    assert math.isnan(curve.false_per_scan[0])


def test_a_voxel_at_the_threshold_is_predicted_whatever_the_dtype():
    truth = np.ones((1, 1), bool)
    for dtype in (np.float16, np.float32, np.float64):
        curve = froc_curve([(np.full((1, 1), 0.41, dtype), truth)], thresholds=(0.41, 0.42))
        assert curve.sensitivity.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("thresholds", [(), (0.5, 0.5), (0.6, 0.4), (0.0, 0.5), (0.5, 1.5), (math.nan,)])
def test_a_grid_that_does_not_rise_within_range_is_refused(thresholds):
    with pytest.raises(UsageError, match="expected rising numbers"):
        FrocAccumulator(thresholds=thresholds)


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan, math.inf])
def test_probabilities_out_of_range_are_refused(bad):
    with pytest.raises(ImageError, match=r"FrocAccumulator\.add: probability runs from"):
        FrocAccumulator().add(np.array([[0.5, bad]]), np.array([[True, False]]))
