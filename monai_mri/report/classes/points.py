"""Points of the curves of a classification, from what the network said of each image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monai_mri.metrics import wilson_interval
from monai_mri.report.classes.predictions import Prediction
from monai_mri.report.classes.results import ClassSummary

__all__ = ["Bin", "positive_of", "reliability_bins", "roc_points", "thinned"]

FloatArray = npt.NDArray[np.float64]


class Bin(NamedTuple):
    """Images whose predicted class has a probability between two edges.

    `sureness` is their mean probability, `right` the share whose class is right, `low` and `high` Wilson's
    95 % interval of it; all 0 to 1, nan in an empty bin.
    """

    left: float
    width: float
    images: int
    sureness: float
    right: float
    low: float
    high: float


def roc_points(positive: Sequence[bool], scores: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """False and true positive rate from the highest threshold to the lowest, from 0, 0 to 1, 1.

    Equal scores are one step, so that the area below is the AUC with ties counted half. Both are empty
    without images of both kinds.

    >>> [rate.tolist() for rate in roc_points([True, False, False], [0.5, 0.5, 0.1])]
    [[0.0, 0.5, 1.0], [0.0, 1.0, 1.0]]
    """
    mask, found = np.asarray(positive, dtype=np.bool_), np.asarray(scores, dtype=np.float64)
    if mask.all() or not mask.any():
        return np.empty(0), np.empty(0)
    order = np.argsort(-found, kind="stable")
    mask, found = mask[order], found[order]
    last = np.append(np.flatnonzero(np.diff(found)), len(found) - 1)  # of each group of equal scores
    rates = [np.append(0, np.cumsum(kind)[last] / kind.sum()) for kind in (~mask, mask)]
    return rates[0], rates[1]


def positive_of(summary: ClassSummary) -> int:
    """Place of the class that sensitivity speaks of; the last where none is named."""
    named = summary.positive in summary.classes
    return summary.classes.index(summary.positive) if named else len(summary.classes) - 1


def reliability_bins(predictions: Sequence[Prediction], *, bins: int = 10) -> list[Bin]:
    """Bins of equal width, closed above, as those of the calibration error; images of known class only."""
    known = [one for one in predictions if one.truth]
    sure = np.array([one.sureness for one in known], dtype=np.float64)
    right = np.array([one.right for one in known], dtype=np.bool_)
    places = np.clip(np.ceil(sure * bins).astype(np.int64) - 1, 0, bins - 1)
    return [
        _bin(number / bins, 1 / bins, sure[places == number], right[places == number])
        for number in range(bins)
    ]


def thinned(*columns: npt.ArrayLike, at_most: int = 400) -> list[FloatArray]:
    """The same curve with fewer points, first and last kept, so that the page stays small.

    >>> [len(column) for column in thinned(range(5000), range(5000))]
    [400, 400]
    """
    size = np.size(columns[0])
    kept = np.arange(size) if size <= at_most else np.linspace(0, size - 1, at_most).round().astype(np.int64)
    return [np.asarray(column, dtype=np.float64)[kept] for column in columns]


def _bin(left: float, width: float, sure: FloatArray, right: npt.NDArray[np.bool_]) -> Bin:
    count = len(sure)
    low, high = wilson_interval(int(right.sum()), count)
    means = (float(sure.mean()), float(right.mean())) if count else (float("nan"), float("nan"))
    return Bin(left, width, count, *means, low, high)
