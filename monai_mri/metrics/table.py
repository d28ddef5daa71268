"""Summarise the scores of many scans without losing one of them.

A mean over scans leaves out those where the score is undefined, and a mask that is empty can so
improve it. Every mean therefore comes with the number of scans it stands on, and the summary says
how many scans were missed or falsely found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from monai_mri.errors import UsageError


@dataclass(frozen=True)
class ScoreSummary:
    """One score over many scans.

    Attributes:
        mean: Over the scans where it is defined; nan if there are none.
        sd: Standard deviation of a sample (n - 1); nan for fewer than two scans.
        n: Scans where it is defined.
        undefined: Scans where it is nan, and so left out of the mean.
    """

    mean: float
    sd: float
    n: int
    undefined: int


@dataclass(frozen=True)
class ScanSummary:
    """All scores over many scans, and what became of each scan.

    `scans = scored + missed + falsely_found + both_empty`.

    Attributes:
        scores: Summary of each score by its name.
        scans: All scans.
        scored: Neither mask is empty.
        missed: The prediction is empty, the truth is not.
        falsely_found: The truth is empty, the prediction is not.
        both_empty: Rightly nothing found.
        undefined_distances: Scans without distances in mm, for an empty mask or an unknown voxel size.
    """

    scores: dict[str, ScoreSummary]
    scans: int
    scored: int
    missed: int
    falsely_found: int
    both_empty: int
    undefined_distances: int

    @property
    def empty_truth(self) -> int:
        """Scans whose true mask is empty."""
        return self.falsely_found + self.both_empty

    @property
    def empty_prediction(self) -> int:
        """Scans whose predicted mask is empty."""
        return self.missed + self.both_empty


def summarise_scores(scans: Sequence[Mapping[str, float]]) -> ScanSummary:
    """Mean, standard deviation and number of scans of every score.

    Which mask of a scan was empty is read from its precision (nan without a prediction) and recall
    (nan without a truth).

    Args:
        scans: One mapping a scan, as `segmentation_scores` returns it, all with the same keys. Scores
            of one's own may be added; `precision`, `recall` and `hd_mm` must be there.

    Raises:
        UsageError: There are no scans, their keys differ, or a needed key lacks.

    >>> nan = float("nan")
    >>> hit = {"precision": 0.5, "recall": 1.0, "hd_mm": 3.0}
    >>> miss = {"precision": nan, "recall": 0.0, "hd_mm": nan}
    >>> summary = summarise_scores([hit, miss])
    >>> summary.scores["recall"].mean, summary.scores["hd_mm"].n, summary.missed
    (0.5, 1, 1)
    """
    names = _common_names(scans)
    no_prediction = [isnan(scan["precision"]) for scan in scans]
    no_truth = [isnan(scan["recall"]) for scan in scans]
    both = sum(map(bool.__and__, no_prediction, no_truth))
    missed, false = sum(no_prediction) - both, sum(no_truth) - both
    return ScanSummary(
        scores={name: _summarise([scan[name] for scan in scans]) for name in names},
        scans=len(scans),
        scored=len(scans) - missed - false - both,
        missed=missed,
        falsely_found=false,
        both_empty=both,
        undefined_distances=sum(isnan(scan["hd_mm"]) for scan in scans),
    )


def _common_names(scans: Sequence[Mapping[str, float]]) -> list[str]:
    if not scans:
        raise UsageError("summarise_scores: found no scans, expected at least one; score some first")
    names = list(scans[0])
    for needed in ("precision", "recall", "hd_mm"):
        if needed not in names:
            raise UsageError(
                f"summarise_scores: scan 0 has no {needed!r}, expected it beside {', '.join(names)}; "
                "pass what segmentation_scores returns"
            )
    for index, scan in enumerate(scans):
        if set(scan) != set(names):
            differing = ", ".join(sorted(set(scan) ^ set(names)))
            raise UsageError(
                f"summarise_scores: scan {index} differs from scan 0 in {differing}, expected the same "
                "scores of every scan; give an undefined one as nan"
            )
    return names


def _summarise(values: Sequence[float]) -> ScoreSummary:
    defined = np.array([value for value in values if not isnan(value)], dtype=np.float64)
    return ScoreSummary(
        mean=float(defined.mean()) if defined.size else float("nan"),
        sd=float(defined.std(ddof=1)) if defined.size > 1 else float("nan"),
        n=defined.size,
        undefined=len(values) - defined.size,
    )
