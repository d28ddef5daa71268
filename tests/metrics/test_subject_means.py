from __future__ import annotations

import math

import numpy as np
import pytest

from monai_mri.errors import UsageError
from monai_mri.metrics import bootstrap_intervals, subject_means

NAN = float("nan")


def scored(values, subjects, **settings):
    rows = [{"dice": value} for value in values]
    return subject_means(rows, subjects, names=["dice"], **settings)["dice"]


def test_mean_and_sd_are_those_of_the_defined_rows():
    found = scored([0.2, NAN, 0.8, 0.5], list("abcd"))
    assert found.value == pytest.approx(0.5)
    assert found.sd == pytest.approx(np.std([0.2, 0.8, 0.5], ddof=1))
    assert (found.n, found.undefined, found.subjects) == (3, 1, 3)


def test_interval_is_that_of_the_general_bootstrap_over_the_same_draws():
    rng = np.random.default_rng(0)
    subjects = [f"s{n // 4}" for n in range(40)]
    values = rng.random(40)
    found = scored(values, subjects, draws=300, seed=3)
    wanted = bootstrap_intervals(
        values, values, subjects, lambda some, _: float(some.mean()), draws=300, seed=3
    )
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
    assert found.undefined_draws == 0


def test_rows_of_one_subject_are_drawn_together():
    values = np.repeat([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], 20)
    by_subject = scored(values, [f"s{n // 20}" for n in range(120)], seed=1)
    by_row = scored(values, [f"s{n}" for n in range(120)], seed=1)
    assert by_subject.high - by_subject.low > 3 * (by_row.high - by_row.low)


def test_fewer_than_five_subjects_with_a_defined_row_have_no_interval():
    values, subjects = [0.1, 0.2, 0.3, 0.4, NAN], list("abcde")
    assert math.isnan(scored(values, subjects).low)
    assert math.isfinite(scored([*values[:4], 0.5], subjects).low)


def test_draws_without_a_defined_row_are_left_out_and_counted():
    subjects = [f"s{n}" for n in range(5)]
    rows = [{"dice": 0.5, "rare": 0.5 if n == 0 else NAN} for n in range(5)]
    found = subject_means(rows, subjects, names=["dice", "rare"], draws=200)
    assert found["dice"].undefined_draws == 0
    assert 20 < found["rare"].undefined_draws < 120  # (4 / 5) ** 5 of 200 is 66


def test_no_rows_are_undefined():
    found = scored([], [])
    assert math.isnan(found.value)
    assert (found.n, found.undefined, found.subjects) == (0, 0, 0)


def test_unequal_lengths_are_refused():
    with pytest.raises(UsageError, match="found 1 rows and 2 subjects"):
        scored([0.5], ["a", "b"])
