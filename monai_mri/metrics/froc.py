"""Free-response curve: lesions found against false ones a scan, as the threshold moves.

Bunch et al., Proc. SPIE 127 (1977). At each threshold a map is cut at `probability >= threshold` and
scored by the rules of `monai_mri.metrics.lesions`. Sensitivity need not fall steadily: towards low
thresholds predicted lesions grow together, which lowers the number of false ones too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError
from monai_mri.metrics._checks import check_probability
from monai_mri.metrics.lesions import LesionRules, LesionScores, find_lesions, match_lesions

FloatArray = npt.NDArray[np.float64]
DEFAULT_THRESHOLDS = tuple(step / 32 for step in range(1, 32))  # exact in every floating type


@dataclass(frozen=True)
class FrocCurve:
    """A free-response curve, thresholds rising, arrays of shape (thresholds,).

    Attributes:
        threshold: Where the maps were cut.
        sensitivity: Share of the true lesions of all scans detected, 0 to 1; nan if there are none.
        false_per_scan: Mean number of false lesions a scan, 0 or more; nan without scans.
        scans: Number of scans, those without lesions included.
        truth_count: True lesions in all scans.
    """

    threshold: FloatArray
    sensitivity: FloatArray
    false_per_scan: FloatArray
    scans: int
    truth_count: int


class FrocAccumulator:
    """Counts for a free-response curve, filled scan by scan; memory does not grow with the scans.

    Args:
        thresholds: Rising numbers above 0 and up to 1.
        min_overlap: Share of a lesion's voxels that must be predicted, 0 to 1; 0 asks for one voxel.
        min_size_voxels: Size below which a component is no lesion.
        connectivity: Neighbours of a voxel: 8 or 4 in 2D, 26, 18 or 6 in 3D; None takes all of them.

    Raises:
        UsageError: A setting is out of range.

    >>> import numpy as np
    >>> froc = FrocAccumulator(thresholds=(0.25, 0.75))
    >>> froc.add(np.array([[0.9, 0.0, 0.5, 0.0, 0.5]]), np.array([[True, False, True, False, False]]))
    >>> curve = froc.curve()
    >>> curve.sensitivity.tolist(), curve.false_per_scan.tolist()
    ([1.0, 0.5], [1.0, 0.0])
    """

    def __init__(
        self,
        *,
        thresholds: Sequence[float] = DEFAULT_THRESHOLDS,
        min_overlap: float = 0.0,
        min_size_voxels: int = 1,
        connectivity: int | None = None,
    ) -> None:
        grid = np.asarray(thresholds, dtype=np.float64)
        if (
            grid.ndim != 1
            or grid.size == 0
            or not (grid[0] > 0 and grid[-1] <= 1 and np.all(np.diff(grid) > 0))
        ):
            raise UsageError(
                f"FrocAccumulator: thresholds are {list(thresholds)!r}, "
                "expected rising numbers above 0 and up to 1; sort them and drop repeats"
            )
        self._rules = LesionRules(
            min_overlap=min_overlap, min_size_voxels=min_size_voxels, connectivity=connectivity
        )
        self._thresholds = grid
        self._totals = [LesionScores()] * grid.size
        self._scans = 0

    def add(self, probability: npt.ArrayLike, truth: npt.ArrayLike) -> None:
        """Score one scan at every threshold.

        Args:
            probability: Floating map, 0 to 1, 2D or 3D.
            truth: Boolean mask of the same shape.

        Raises:
            UsageError: The map is not floating or the mask not boolean.
            ImageError: The shapes differ, or a probability lies outside 0 to 1 or is nan.
        """
        map_, mask = check_probability(probability, truth, where="FrocAccumulator.add")
        lesions = find_lesions(mask, rules=self._rules)
        for index, threshold in enumerate(self._thresholds):
            found = find_lesions(map_ >= float(threshold), rules=self._rules)
            self._totals[index] += match_lesions(found, lesions, rules=self._rules)
        self._scans += 1

    def curve(self) -> FrocCurve:
        """The curve over all scans so far."""
        scans = self._scans or float("nan")
        return FrocCurve(
            threshold=self._thresholds.copy(),
            sensitivity=np.array([total.recall for total in self._totals]),
            false_per_scan=np.array([total.false / scans for total in self._totals]),
            scans=self._scans,
            truth_count=self._totals[0].truth_count,
        )


def froc_curve(
    scans: Iterable[tuple[npt.ArrayLike, npt.ArrayLike]],
    *,
    thresholds: Sequence[float] = DEFAULT_THRESHOLDS,
    min_overlap: float = 0.0,
    min_size_voxels: int = 1,
    connectivity: int | None = None,
) -> FrocCurve:
    """Free-response curve of many scans, read one at a time.

    Args:
        scans: Pairs of probability map (floating, 0 to 1, 2D or 3D) and true mask (boolean, same shape).
        thresholds: As for `FrocAccumulator`, and so the other settings.
        min_overlap: Share of a lesion's voxels that must be predicted.
        min_size_voxels: Size below which a component is no lesion.
        connectivity: Neighbours of a voxel.

    Raises:
        UsageError: A setting, or the dtype of an array, is wrong.
        ImageError: A map and its mask do not fit, or a probability lies outside 0 to 1.
    """
    accumulator = FrocAccumulator(
        thresholds=thresholds,
        min_overlap=min_overlap,
        min_size_voxels=min_size_voxels,
        connectivity=connectivity,
    )
    for probability, truth in scans:
        accumulator.add(probability, truth)
    return accumulator.curve()
