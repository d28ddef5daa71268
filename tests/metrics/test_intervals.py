from __future__ import annotations

from math import comb, isnan

import numpy as np
import pytest
from scipy.stats import binomtest

from monai_mri.errors import UsageError
from monai_mri.metrics.intervals import wilson_interval


@pytest.mark.parametrize(("successes", "n"), [(0, 20), (11, 20), (20, 20), (427, 478)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_interval_agrees_with_scipy(successes, n, level):
    expected = binomtest(successes, n).proportion_ci(level, method="wilson")
    assert wilson_interval(successes, n, level) == pytest.approx((expected.low, expected.high))


def test_twenty_subjects_at_55_percent_are_covered_96_times_in_100():
    n, p = 20, 0.55
    ends = [wilson_interval(k, n) for k in range(n + 1)]
    covered = np.array([low <= p <= high for low, high in ends])
    chance = np.array([comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)])
    assert chance[covered].sum() == pytest.approx(0.960, abs=0.001)
    drawn = np.random.default_rng(0).binomial(n, p, size=4000)
    assert covered[drawn].mean() == pytest.approx(0.960, abs=3 * np.sqrt(0.96 * 0.04 / 4000))


def test_no_rows_have_no_interval():
    assert all(isnan(end) for end in wilson_interval(0, 0))


@pytest.mark.parametrize("args", [(-1, 5), (6, 5), (1, 5, 0.0), (1, 5, 1.0)])
def test_what_is_out_of_range_is_refused(args):
    with pytest.raises(UsageError, match="wilson_interval: found"):
        wilson_interval(*args)
