from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from sklearn import metrics as oracle

from monai_mri.errors import UsageError
from monai_mri.metrics.calibration import (
    brier_losses,
    calibration_error,
    log_losses,
    weighted_calibration_error,
)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_losses_agree_with_scikit_learn(size):
    rng = np.random.default_rng(size)
    truth, table = rng.integers(size, size=50), rng.dirichlet(np.ones(size), 50)
    labels = list(range(size))
    assert log_losses(truth, table).mean() == pytest.approx(oracle.log_loss(truth, table, labels=labels))
    expected = oracle.brier_score_loss(truth, table, labels=labels, scale_by_half=False)
    assert brier_losses(truth, table).mean() == pytest.approx(expected)


def test_the_error_agrees_with_bins_counted_one_by_one():
    rng = np.random.default_rng(3)
    sure, right = rng.random(200), rng.random(200) < 0.6
    total = 0.0
    for low in np.arange(10) / 10:
        inside = (sure > low) & (sure <= low + 0.1)
        if inside.any():
            total += inside.mean() * abs(sure[inside].mean() - right[inside].mean())
    assert calibration_error(right, sure) == pytest.approx(total)
    assert calibration_error(right, sure, bins=1) == pytest.approx(abs(sure.mean() - right.mean()))


def test_sure_and_right_is_0_and_sure_and_wrong_is_1():
    assert calibration_error([True, True], [1.0, 1.0]) == 0
    assert calibration_error([False, False], [1.0, 1.0]) == 1


def test_no_rows_and_no_weight_are_undefined():
    assert isnan(calibration_error([], []))
    assert isnan(weighted_calibration_error(np.ones(1), np.ones(1), np.zeros((1, 1)), bins=10)[0])


@pytest.mark.parametrize(
    ("correct", "confidence", "bins"),
    [([1, 0], [0.5], 10), ([1], [1.2], 10), ([1], [np.nan], 10), ([1], [0.5], 0)],
)
def test_what_does_not_fit_is_refused(correct, confidence, bins):
    with pytest.raises(UsageError):
        calibration_error(correct, confidence, bins=bins)
