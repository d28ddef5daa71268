"""Answer only where the network is sure (El-Yaniv and Wiener, J. Mach. Learn. Res. 2010)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError
from monai_mri.metrics._checks import check_share
from monai_mri.metrics._class_table import FloatArray, check_places, check_table


class CoverageCurve(NamedTuple):
    """Share answered, accuracy among them, 0 to 1, and the threshold; coverage rising, one point a tie."""

    coverage: FloatArray
    accuracy: FloatArray
    thresholds: FloatArray


def coverage_accuracy_curve(truth: npt.ArrayLike, probabilities: npt.ArrayLike) -> CoverageCurve:
    """Answer the rows whose largest probability is at least the threshold; empty arrays for no rows.

    Args:
        truth: Number of the true class of each row, its column counted from 0, not its name; shape (n,).
        probabilities: Shape (n, K), rows adding up to 1.

    Raises:
        UsageError: The shapes do not fit, a truth is no column, or the values are no probabilities.

    >>> curve = coverage_accuracy_curve([0, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.2, 0.8]])
    >>> curve.thresholds.tolist(), curve.accuracy.round(2).tolist()
    ([0.9, 0.8], [1.0, 0.67])
    """
    where = "coverage_accuracy_curve"
    table = check_table(probabilities, rows=len(np.asarray(truth)), where=where)
    places = check_places(truth, columns=table.shape[1], where=where)
    if not len(places):
        return CoverageCurve(np.empty(0), np.empty(0), np.empty(0))
    sure, right = table.max(axis=1), table.argmax(axis=1) == places
    levels, of_row = np.unique(-sure, return_inverse=True)
    answered = np.cumsum(np.bincount(of_row))
    hits = np.cumsum(np.bincount(of_row, weights=right))
    return CoverageCurve(answered / len(places), hits / answered, -levels)


def risk_coverage_area(truth: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Area under the risk-coverage curve, 0 to 1, lower is better (Geifman, ICLR 2019); nan for no rows.

    The share of wrong rows among those at least as sure as a row, averaged over all rows; equally sure rows
    count as one step, so their order does not matter. A random order gives the error rate on average.

    Args:
        truth: Number of the true class of each row, its column counted from 0, shape (n,).
        probabilities: Shape (n, K), rows adding up to 1.

    Raises:
        UsageError: As for `coverage_accuracy_curve`.

    >>> risk_coverage_area([0, 0], [[0.9, 0.1], [0.4, 0.6]])
    0.25
    """
    curve = coverage_accuracy_curve(truth, probabilities)
    if not len(curve.coverage):
        return float("nan")
    return float((np.diff(curve.coverage, prepend=0.0) * (1 - curve.accuracy)).sum())


def choose_abstention_threshold(
    truth_val: npt.ArrayLike,
    probabilities_val: npt.ArrayLike,
    *,
    accuracy: float | None = None,
    coverage: float | None = None,
) -> float:
    """Threshold of largest coverage that keeps the accuracy, or of least coverage that keeps the coverage.

    Choose it on validation rows. The test part's accuracy will be lower as a rule: of many thresholds the one
    that did best by chance was taken.

    Args:
        truth_val: Number of the true class of each row, its column counted from 0, shape (n,).
        probabilities_val: Shape (n, K), rows adding up to 1.
        accuracy: Share of answered rows to be right, 0 to 1.
        coverage: Share of rows to be answered, 0 to 1.

    Returns:
        The threshold, the probability of some row; nan if no threshold does it, as for no rows.

    Raises:
        UsageError: Not exactly one aim was given, it is not from 0 to 1, or the rows do not fit.

    >>> table = [[0.9, 0.1], [0.2, 0.8], [0.2, 0.8]]
    >>> choose_abstention_threshold([0, 1, 0], table, accuracy=0.9)
    0.9
    """
    where = "choose_abstention_threshold"
    aims = {"accuracy": accuracy, "coverage": coverage}
    given = {name: value for name, value in aims.items() if value is not None}
    if len(given) != 1:
        raise UsageError(f"{where}: found {len(given)} aims, expected accuracy or coverage; pass exactly one")
    ((name, value),) = given.items()
    least = check_share(value, name=name, where=where)
    curve = coverage_accuracy_curve(truth_val, probabilities_val)
    if name == "accuracy":
        kept = curve.thresholds[curve.accuracy >= least]
        return float(kept[-1]) if len(kept) else float("nan")
    kept = curve.thresholds[curve.coverage >= least]
    return float(kept[0]) if len(kept) else float("nan")
