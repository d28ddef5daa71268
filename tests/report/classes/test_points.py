from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from monai_mri.metrics import calibration_error
from monai_mri.report.classes.points import positive_of, reliability_bins, roc_points, thinned
from monai_mri.report.classes.results import read_class_results
from monai_mri.report.run_folder import read_run_folder


@pytest.fixture
def results(make_class_run):
    return read_class_results(read_run_folder(make_class_run()))


def test_area_below_the_roc_points_is_the_auc_of_the_evaluation(results):
    false, true = roc_points(
        [one.truth == "migraine" for one in results.predictions],
        [one.probabilities[1] for one in results.predictions],
    )
    assert (true[1:] + true[:-1]) / 2 @ np.diff(false) == pytest.approx(13 / 16)
    assert results.summary.score("auc").value == pytest.approx(13 / 16)


def test_equal_scores_are_one_step():
    false, true = roc_points([True, False, True, False], [0.5] * 4)
    assert (false.tolist(), true.tolist()) == ([0, 1], [0, 1])


@pytest.mark.parametrize("truth", [[], [True, True], [False]])
def test_one_kind_of_image_has_no_roc(truth):
    assert len(roc_points(truth, [0.5] * len(truth))[0]) == 0


def test_bins_hold_every_image_once_and_give_the_calibration_error(results):
    bins = reliability_bins(results.predictions)
    assert [one.images for one in bins] == [0, 0, 0, 0, 0, 2, 2, 2, 2, 0]
    distance = sum(one.images * abs(one.sureness - one.right) for one in bins if one.images) / 8
    right, sure = zip(*((one.right, one.sureness) for one in results.predictions), strict=True)
    assert distance == pytest.approx(calibration_error(right, sure))
    assert isnan(bins[0].right)


def test_interval_of_a_bin_holds_its_share(results):
    one = reliability_bins(results.predictions)[6]
    assert (one.sureness, one.right) == (pytest.approx(0.7), 0.0)
    assert one.low == pytest.approx(0, abs=1e-9)
    assert one.high == pytest.approx(0.658, abs=1e-3)


def test_positive_class_is_the_one_named_or_the_last(make_class_run):
    said = [("migraine", (0.2, 0.8)), ("migraine", (0.6, 0.4)), ("control", (0.9, 0.1))]
    summary = read_class_results(read_run_folder(make_class_run(said=said))).summary
    for named, place in (("control", 0), ("migraine", 1), ("", 1)):
        assert positive_of(summary.model_copy(update={"positive": named})) == place


def test_thinned_curve_keeps_both_ends():
    (x,) = thinned(np.arange(5000))
    assert (len(x), x[0], x[-1]) == (400, 0, 4999)
