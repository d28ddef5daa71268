from __future__ import annotations

from math import isnan, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monai_mri.manifest.summary.differences import (
    categorical_difference,
    continuous_difference,
    largest,
    pairwise,
)

COUNTS = st.lists(st.integers(1, 60), min_size=3, max_size=5)


def yang_dalton(first, second):
    """The same distance another way: the pseudo-inverse of the whole covariance, no level left out."""
    p, q = np.array(first) / sum(first), np.array(second) / sum(second)
    covariance = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    return sqrt((p - q) @ np.linalg.pinv(covariance) @ (p - q))


def named(counts):
    return dict(zip("abcdefgh", counts, strict=False))


def test_continuous_difference_is_in_units_of_the_pooled_deviation():
    first, second = [40.0, 50.0, 60.0], [45.0, 55.0, 65.0]
    assert continuous_difference(first, second) == pytest.approx(0.5)
    assert continuous_difference(second, first) == pytest.approx(0.5)


@pytest.mark.parametrize(("first", "second"), [([1.0], [1.0, 2.0]), ([], []), ([3.0, 3.0], [4.0, 4.0])])
def test_continuous_difference_is_undefined_without_spread(first, second):
    assert isnan(continuous_difference(first, second))


def test_binary_difference_is_that_of_the_textbook():
    p, q = 0.3, 0.55
    expected = abs(p - q) / sqrt((p * (1 - p) + q * (1 - q)) / 2)
    found = categorical_difference({"f": 30, "m": 70}, {"f": 55, "m": 45})
    assert found == pytest.approx(expected)


@given(COUNTS, COUNTS)
def test_multinomial_difference_agrees_with_the_pseudo_inverse_and_does_not_hang_on_order(first, second):
    size = min(len(first), len(second))
    first, second = first[:size], second[:size]
    found = categorical_difference(named(first), named(second))
    assert found == pytest.approx(yang_dalton(first, second), rel=1e-6, abs=1e-7)
    assert found == pytest.approx(
        categorical_difference(named(second[::-1]), named(first[::-1])), rel=1e-6, abs=1e-7
    )


def test_equal_proportions_differ_by_zero_whatever_the_size():
    assert categorical_difference(named([2, 3, 5]), named([20, 30, 50])) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("first", "second"),
    [({}, {"f": 3}), ({"f": 3}, {"f": 9}), ({"f": 4}, {"m": 4}), ({"a": 2, "b": 2}, {"c": 2, "d": 2})],
)
def test_categorical_difference_is_undefined_where_groups_are_empty_constant_or_disjoint(first, second):
    assert isnan(categorical_difference(first, second))


def test_a_level_that_nobody_has_changes_nothing():
    first, second = {"f": 3, "m": 5, "x": 0}, {"f": 4, "m": 2}
    assert categorical_difference(first, second) == categorical_difference({"f": 3, "m": 5}, second)


def test_largest_leaves_out_what_is_undefined_and_is_undefined_without_any():
    pairs = pairwise({"a": [1.0, 2.0], "b": [2.0, 3.0], "c": [1.0]}, continuous_difference)
    assert [pair[:2] for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert largest(pairs) == pytest.approx(sqrt(2))
    assert isnan(largest([("a", "b", nan)]))


def test_a_difference_from_one_subject_is_undefined():
    assert isnan(categorical_difference({"f": 1}, {"f": 20, "m": 20}))
    assert isnan(continuous_difference([40.0], [50.0, 60.0]))
