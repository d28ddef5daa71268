from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monai_mri.errors import UsageError
from monai_mri.metrics.abstention import (
    choose_abstention_threshold,
    coverage_accuracy_curve,
    risk_coverage_area,
)

TABLE = [[0.9, 0.1], [0.2, 0.8], [0.2, 0.8]]


@pytest.mark.parametrize("size", [2, 3, 5])
def test_each_point_is_what_answering_from_its_threshold_gives(size):
    rng = np.random.default_rng(size)
    truth, table = rng.integers(size, size=40), rng.dirichlet(np.ones(size), 40)
    curve = coverage_accuracy_curve(truth, table)
    for coverage, accuracy, threshold in zip(*curve, strict=True):
        kept = table.max(axis=1) >= threshold
        assert coverage == pytest.approx(kept.mean())
        assert accuracy == pytest.approx((table.argmax(axis=1) == truth)[kept].mean())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=1, max_size=20), st.randoms())
def test_the_order_of_rows_changes_nothing_even_in_ties(rows, random):
    def area(rows):
        return risk_coverage_area([int(one) for one, _ in rows], [[1 - p / 10, p / 10] for _, p in rows])

    shuffled = list(rows)
    random.shuffle(shuffled)
    assert area(shuffled) == pytest.approx(area(rows))
    assert 0 <= area(rows) <= 1


def test_all_rows_equally_sure_have_the_error_rate_as_area():
    assert risk_coverage_area([0, 0, 1], [[0.7, 0.3]] * 3) == pytest.approx(1 / 3)


def test_the_area_is_less_where_the_wrong_rows_are_the_unsure_ones():
    table = [[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]]
    assert risk_coverage_area([0, 0, 1], table) == pytest.approx(1 / 9)
    assert risk_coverage_area([1, 0, 0], table) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)


def test_the_threshold_keeps_its_aim_or_is_nan():
    assert choose_abstention_threshold([0, 1, 0], TABLE, accuracy=1.0) == 0.9
    assert choose_abstention_threshold([0, 1, 0], TABLE, accuracy=0.6) == 0.8
    assert choose_abstention_threshold([0, 1, 0], TABLE, coverage=0.5) == 0.8
    assert choose_abstention_threshold([0, 1, 0], TABLE, coverage=0.0) == 0.9
    assert isnan(choose_abstention_threshold([1, 0, 0], TABLE, accuracy=1.0))


def test_no_rows_have_no_curve():
    nothing = np.empty((0, 2))
    assert all(not len(part) for part in coverage_accuracy_curve([], nothing))
    assert isnan(risk_coverage_area([], nothing))
    assert isnan(choose_abstention_threshold([], nothing, coverage=0.5))


@pytest.mark.parametrize("aims", [{}, {"accuracy": 0.9, "coverage": 0.5}])
def test_not_exactly_one_aim_is_refused(aims):
    with pytest.raises(UsageError, match="exactly one"):
        choose_abstention_threshold([0, 1, 0], TABLE, **aims)


@pytest.mark.parametrize("name", ["accuracy", "coverage"])
@pytest.mark.parametrize("value", [-0.1, 1.1, 95, float("nan")])
def test_aims_outside_0_to_1_are_refused(name, value):
    with pytest.raises(UsageError, match=name):
        choose_abstention_threshold([0, 1, 0], TABLE, **{name: value})


@pytest.mark.parametrize("truth", [["a", "b", "a"], [0, 1, 2], [0, -1, 0], [0.0, 1.0, 0.0], [0, 1]])
def test_truth_that_is_no_column_is_refused(truth):
    with pytest.raises(UsageError, match="coverage_accuracy_curve"):
        coverage_accuracy_curve(truth, TABLE)


@pytest.mark.parametrize("row", [[0.5, np.nan], [-0.5, 1.5], [0.9, 0.9]])
def test_what_are_no_probabilities_is_refused(row):
    with pytest.raises(UsageError, match="coverage_accuracy_curve"):
        coverage_accuracy_curve([0], [row])
