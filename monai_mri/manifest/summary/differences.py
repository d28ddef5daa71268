"""Standardised mean differences: how far two groups differ, whatever their size.

A p-value answers how surprising a difference would be if the groups were drawn alike. Parts of one cohort are
drawn alike by construction, and with the number of subjects the p-value changes while the imbalance stays;
STROBE (von Elm et al., PLoS Medicine 2007) discourages such tests in a table of baselines. A standardised
difference says how large the imbalance is; 0.1 is a common bound for a small one (Austin, Statistics in
Medicine 2009).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from math import isfinite, nan, sqrt
from typing import TypeVar

Values = TypeVar("Values")


def continuous_difference(first: Sequence[float], second: Sequence[float]) -> float:
    """Difference of two means over the pooled standard deviation, 0 or more (Austin 2009).

    The pooled variance is the mean of the two samples' variances (n - 1). nan where a group has fewer than
    two values, or neither varies.

    >>> round(continuous_difference([1.0, 3.0], [2.0, 4.0]), 4)
    0.7071
    >>> continuous_difference([1.0], [2.0, 4.0])
    nan
    """
    import numpy as np

    if min(len(first), len(second)) < 2:
        return nan
    pooled = sqrt((np.var(first, ddof=1) + np.var(second, ddof=1)) / 2)
    return abs(float(np.mean(first) - np.mean(second))) / pooled if pooled > 0 else nan


def categorical_difference(first: Mapping[str, int], second: Mapping[str, int]) -> float:
    """Distance of two sets of proportions in units of their spread, 0 or more (Yang & Dalton 2012).

    Arguments map each level to its count. The square root of the Mahalanobis distance of the proportions of
    all levels but one, with the mean of the two multinomial covariances; with two levels it is the difference
    of proportions over the pooled standard deviation. nan where a group has fewer than two values, all share
    one level, or a covariance cannot be inverted, as where the groups have no level in common.

    >>> round(categorical_difference({"f": 5, "m": 5}, {"f": 2, "m": 8}), 4)
    0.6626
    >>> categorical_difference({"f": 5}, {"m": 5})
    nan
    """
    import numpy as np

    levels = sorted(level for level in {*first, *second} if first.get(level, 0) + second.get(level, 0))
    counts = np.array([[group.get(level, 0) for level in levels] for group in (first, second)], dtype=float)
    if len(levels) < 2 or counts.sum(axis=1).min() < 2:
        return nan
    shares = (counts / counts.sum(axis=1, keepdims=True))[:, 1:]
    covariance = np.mean([np.diag(share) - np.outer(share, share) for share in shares], axis=0)
    if np.linalg.matrix_rank(covariance, hermitian=True) < len(levels) - 1:
        return nan
    apart = shares[0] - shares[1]
    return float(sqrt(max(apart @ np.linalg.solve(covariance, apart), 0.0)))


def pairwise(
    groups: Mapping[str, Values], difference: Callable[[Values, Values], float]
) -> tuple[tuple[str, str, float], ...]:
    """The difference of each pair of groups, with the names of the two."""
    return tuple(
        (first, second, difference(groups[first], groups[second]))
        for first, second in combinations(groups, 2)
    )


def largest(pairs: Sequence[tuple[str, str, float]]) -> float:
    """The largest difference that is defined; nan where none is."""
    return max((value for _, _, value in pairs if isfinite(value)), default=nan)
