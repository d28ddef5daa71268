"""Overlap of two masks, from counts of voxels.

What each measure is when a mask is empty (a measure with nothing to divide by is nan, never 0 or 1):

| prediction | truth | dice | jaccard | precision | recall | f1 |
|---|---|---|---|---|---|---|
| empty | empty | nan | nan | nan | nan | nan |
| some | empty | 0 | 0 | 0 | nan | 0 |
| empty | some | 0 | 0 | nan | 0 | 0 |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError
from monai_mri.metrics._checks import check_masks


@dataclass(frozen=True)
class Counts:
    """Voxels of one scan, or of many added together: hit, falsely predicted, missed.

    Attributes:
        tp: Voxels in both masks.
        fp: Voxels in the prediction only.
        fn: Voxels in the truth only.

    Raises:
        UsageError: A count is negative.

    >>> sum([Counts(3, 1, 0), Counts(1, 0, 2)], Counts())
    Counts(tp=4, fp=1, fn=2)
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __post_init__(self) -> None:
        if min(self.tp, self.fp, self.fn) < 0:
            raise UsageError(f"Counts: found {self}, expected counts of 0 or more; correct the caller")

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)


def count_voxels(pred: npt.ArrayLike, truth: npt.ArrayLike) -> Counts:
    """Count the voxels that two masks share and do not.

    Args:
        pred: Boolean mask, 2D or 3D.
        truth: Boolean mask of the same shape.

    Raises:
        UsageError: A mask is not boolean.
        ImageError: The shapes differ, or are not 2D or 3D.

    >>> import numpy as np
    >>> count_voxels(np.array([[True, True, False]]), np.array([[False, True, True]]))
    Counts(tp=1, fp=1, fn=1)
    """
    pred_mask, truth_mask = check_masks(pred, truth, where="count_voxels")
    tp = int(np.count_nonzero(pred_mask & truth_mask))
    return Counts(
        tp=tp,
        fp=int(np.count_nonzero(pred_mask)) - tp,
        fn=int(np.count_nonzero(truth_mask)) - tp,
    )


def dice(counts: Counts) -> float:
    """Dice overlap 2TP / (2TP + FP + FN), 0 to 1; nan if both masks are empty (Dice, Ecology 1945).

    >>> dice(Counts(tp=3, fp=1, fn=1))
    0.75
    """
    return _ratio(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn)


def jaccard(counts: Counts) -> float:
    """Jaccard index TP / (TP + FP + FN), 0 to 1; nan if both masks are empty (Jaccard, 1901).

    >>> jaccard(Counts(tp=3, fp=1, fn=2))
    0.5
    """
    return _ratio(counts.tp, counts.tp + counts.fp + counts.fn)


def precision(counts: Counts) -> float:
    """Share of predicted voxels that are true, TP / (TP + FP), 0 to 1; nan if nothing was predicted.

    >>> precision(Counts(tp=3, fp=1, fn=0))
    0.75
    """
    return _ratio(counts.tp, counts.tp + counts.fp)


def recall(counts: Counts) -> float:
    """Share of true voxels that were predicted, TP / (TP + FN), 0 to 1; nan if the truth is empty.

    >>> recall(Counts(tp=3, fp=0, fn=1))
    0.75
    """
    return _ratio(counts.tp, counts.tp + counts.fn)


def f1(counts: Counts) -> float:
    """F-measure, the harmonic mean of precision and recall, 0 to 1; nan if both masks are empty.

    On voxels it is the same number as `dice`; a mask that is empty alone scores 0.

    >>> f1(Counts(tp=3, fp=1, fn=1))
    0.75
    """
    return dice(counts)


def is_collapsed(counts: Counts) -> bool:
    """Whether the predictions are all background although the truth is not.

    A network that has collapsed to zero must be reported as such: its F of 0 reads like a poor
    result, and it is none.

    Args:
        counts: Usually the pooled counts of all scans of a run.

    >>> is_collapsed(Counts(tp=0, fp=0, fn=9)), is_collapsed(Counts(tp=0, fp=1, fn=9)), is_collapsed(Counts())
    (True, False, False)
    """
    return counts.tp + counts.fp == 0 and counts.fn > 0


def _ratio(numerator: int, denominator: int) -> float:
    return numerator / denominator if denominator else float("nan")
