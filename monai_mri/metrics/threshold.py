"""Choose the probability threshold that maximises F over whole images (plaque study, section 3.3).

A voxel is predicted when `probability >= threshold`. The candidates are 1/bins, 2/bins, … 1 with
`bins` a power of two, so that every candidate is exact in half, single and double precision (up to
1024 bins) and the comparison means the same whatever the dtype of the map: scores read off the
histogram equal those of thresholding the images, exactly. Threshold 0 is no candidate: it predicts
every voxel of every image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError
from monai_mri.metrics._checks import check_probability
from monai_mri.metrics.overlap import Counts

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
MAX_BINS = 2**20


@dataclass(frozen=True)
class ThresholdCurve:
    """Counts and measures at every candidate threshold, all of shape (bins,), thresholds rising.

    `precision`, `recall` and `f1` are 0 to 1 and nan where `monai_mri.metrics.overlap` says so.
    """

    threshold: FloatArray
    tp: IntArray
    fp: IntArray
    fn: IntArray

    @property
    def precision(self) -> FloatArray:
        """Share of predicted voxels that are true; nan where nothing is predicted."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> FloatArray:
        """Share of true voxels that are predicted; nan if there are none."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> FloatArray:
        """F-measure; nan where truth and prediction are both empty."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)


@dataclass(frozen=True)
class ThresholdChoice:
    """The chosen threshold and the pooled scores there.

    `threshold` is nan if no threshold is any good: `probability >= nan` then predicts nothing.
    """

    threshold: float
    f1: float
    precision: float
    recall: float


class ThresholdHistogram:
    """Two histograms of probabilities, over true and over other voxels, filled image by image.

    Memory does not grow with the images. Histograms of equal bins add with `+`.

    Args:
        bins: Number of candidate thresholds, a power of two from 2 to 2**20. Candidates that lie
            closer than 1/bins are not told apart.

    Raises:
        UsageError: `bins` is no such number.

    >>> import numpy as np
    >>> histogram = ThresholdHistogram(bins=4)
    >>> histogram.add(np.array([[0.1, 0.3, 0.8, 0.9]]), np.array([[False, False, True, True]]))
    >>> histogram.best()
    ThresholdChoice(threshold=0.5, f1=1.0, precision=1.0, recall=1.0)
    """

    def __init__(self, *, bins: int = 1024) -> None:
        if not 2 <= bins <= MAX_BINS or bins & (bins - 1):
            raise UsageError(
                f"ThresholdHistogram: bins is {bins!r}, expected a power of two from 2 to {MAX_BINS}; "
                "1024 is the default"
            )
        self.bins = bins
        self.images = 0
        self._positives = np.zeros(bins + 1, dtype=np.int64)
        self._negatives = np.zeros(bins + 1, dtype=np.int64)

    def add(self, probability: npt.ArrayLike, truth: npt.ArrayLike) -> None:
        """Count the voxels of one uncut image.

        Args:
            probability: Floating map, 0 to 1, 2D or 3D.
            truth: Boolean mask of the same shape.

        Raises:
            UsageError: The map is not floating or the mask not boolean.
            ImageError: The shapes differ, or a probability lies outside 0 to 1 or is nan.
        """
        map_, mask = check_probability(probability, truth, where="ThresholdHistogram.add")
        bin_of = _to_bins(map_, bins=self.bins)
        self._positives += np.bincount(bin_of[mask], minlength=self.bins + 1)
        self._negatives += np.bincount(bin_of[~mask], minlength=self.bins + 1)
        self.images += 1

    def __add__(self, other: ThresholdHistogram) -> ThresholdHistogram:
        if self.bins != other.bins:
            raise UsageError(
                f"ThresholdHistogram: cannot add histograms of {self.bins} and {other.bins} bins; "
                "fill both with the same number"
            )
        total = ThresholdHistogram(bins=self.bins)
        total.images = self.images + other.images
        total._positives = self._positives + other._positives
        total._negatives = self._negatives + other._negatives
        return total

    def curve(self) -> ThresholdCurve:
        """Pooled counts, precision, recall and F of all images at every candidate threshold."""
        tp = _at_or_above(self._positives)
        return ThresholdCurve(
            threshold=np.arange(1, self.bins + 1) / self.bins,
            tp=tp,
            fp=_at_or_above(self._negatives),
            fn=self._positives.sum() - tp,
        )

    def counts_at(self, threshold: float) -> Counts:
        """Pooled voxel counts of all images at a candidate threshold; nan predicts nothing.

        Raises:
            UsageError: The threshold is no candidate.
        """
        if np.isnan(threshold):
            return Counts(fn=int(self._positives.sum()))
        number = threshold * self.bins
        if not (1 <= number <= self.bins and float(number).is_integer()):
            raise UsageError(
                f"ThresholdHistogram: threshold is {threshold!r}, expected a multiple of 1/{self.bins} "
                "above 0 and up to 1; take one from curve() or best()"
            )
        curve, at = self.curve(), int(number) - 1
        return Counts(tp=int(curve.tp[at]), fp=int(curve.fp[at]), fn=int(curve.fn[at]))

    def best(self) -> ThresholdChoice:
        """The threshold that maximises F over the pooled voxels.

        Of several neighbouring candidates with the same F the middle one is taken (of separate runs,
        the lowest run), so that the choice keeps its distance from both classes.

        Returns:
            The choice. Without a true voxel all its fields are nan; where F is 0 at every candidate,
            the threshold and the precision are nan, and F and recall 0.
        """
        if not self._positives.any():
            return ThresholdChoice(float("nan"), float("nan"), float("nan"), float("nan"))
        curve = self.curve()
        if not curve.tp.any():
            return ThresholdChoice(float("nan"), f1=0.0, precision=float("nan"), recall=0.0)
        at = _middle_of_first_run(curve.f1 == curve.f1.max())
        return ThresholdChoice(
            threshold=float(curve.threshold[at]),
            f1=float(curve.f1[at]),
            precision=float(curve.precision[at]),
            recall=float(curve.recall[at]),
        )


def _to_bins(probability: npt.NDArray[np.floating[Any]], *, bins: int) -> npt.NDArray[np.int32]:
    """The number of candidate thresholds at or below each probability; exact, as bins is 2**n."""
    wide = probability if probability.dtype.itemsize >= 4 else probability.astype(np.float32)
    return (wide * wide.dtype.type(bins)).astype(np.int32)


def _at_or_above(histogram: IntArray) -> IntArray:
    """Voxels at or above each candidate threshold 1/bins … 1."""
    return np.cumsum(histogram[::-1])[::-1][1:]


def _middle_of_first_run(chosen: npt.NDArray[np.bool_]) -> int:
    first = int(np.argmax(chosen))
    run = np.flatnonzero(~chosen[first:])
    last = first + int(run[0]) - 1 if run.size else chosen.size - 1
    return (first + last) // 2


def _ratio(numerator: IntArray, denominator: IntArray) -> FloatArray:
    ratio = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator > 0)
    return ratio
