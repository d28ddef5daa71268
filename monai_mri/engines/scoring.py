"""The ways to mark plaques that an evaluation compares, and their scores scan by scan."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.metrics import (
    Counts,
    LesionScores,
    count_voxels,
    is_collapsed,
    lesion_scores,
    overlap,
    segmentation_scores,
    summarise_scores,
)

Mask = npt.NDArray[np.bool_]
OVERLAPS = ("precision", "recall", "f1", "dice", "jaccard")
SCORES = ("dice", "jaccard", "precision", "recall", "f1", "hd_mm", "hd95_mm", "assd_mm")
COUNTS = (
    *("voxels_true_positive", "voxels_false_positive", "voxels_false_negative"),
    *("lesions_truth", "lesions_detected", "lesions_missed", "lesions_false"),
)


@dataclass
class Method:
    """One way to mark plaques: the map it cuts, its threshold, and the scores so far.

    Attributes:
        name: short name, as in tables.
        label: what a person reads.
        key: key of the map in a sample.
        threshold: a voxel is marked where the map is at least that; nan marks nothing.
    """

    name: str
    label: str
    key: str
    threshold: float
    counts: Counts = field(default_factory=Counts)
    lesions: LesionScores = field(default_factory=LesionScores)
    scans: list[dict[str, float]] = field(default_factory=list)

    def score(
        self, map_: npt.NDArray[np.float32], truth: Mask, *, spacing_mm: Sequence[float] | None, min_size: int
    ) -> None:
        """Cut the map of one scan and add its scores."""
        pred = map_ >= self.threshold
        voxels = count_voxels(pred, truth)
        lesions = lesion_scores(pred, truth, min_size_voxels=min_size)
        self.counts += voxels
        self.lesions += lesions
        numbers = (
            *(voxels.tp, voxels.fp, voxels.fn),
            *(lesions.truth_count, lesions.detected, lesions.missed, lesions.false),
        )
        scores = segmentation_scores(pred, truth, spacing_mm=spacing_mm)
        self.scans.append(scores | dict(zip(COUNTS, map(float, numbers), strict=True)))

    def summary(self) -> dict[str, Any]:
        """Figures over all scans, as `summary.json` holds them."""
        scans = summarise_scores(self.scans)
        return {
            "name": self.name,
            "label": self.label,
            "threshold": self.threshold,
            "collapsed": is_collapsed(self.counts),
            "pooled": {name: getattr(overlap, name)(self.counts) for name in OVERLAPS},
            "per_scan": {
                name: {key: getattr(scans.scores[name], key) for key in ("mean", "sd", "n", "undefined")}
                for name in SCORES
            },
            "lesions": self.lesions.to_dict()
            | {"truth": self.lesions.truth_count, "predicted": self.lesions.pred_count},
            "counts": {
                name: getattr(scans, name)
                for name in (
                    "scans",
                    "scored",
                    "missed",
                    "falsely_found",
                    "both_empty",
                    "undefined_distances",
                )
            }
            | {"empty_truth": scans.empty_truth, "empty_prediction": scans.empty_prediction},
        }


def scores_table(methods: Sequence[Method], samples: Sequence[dict[str, Any]]) -> str:
    """CSV with one line for each method and scan; undefined scores are empty cells."""
    text = io.StringIO()
    columns = [*SCORES, *COUNTS]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["method", "sample_id", "subject_id", *columns])
    for method in methods:
        for sample, scores in zip(samples, method.scans, strict=True):
            cells = ["" if np.isnan(scores[name]) else f"{scores[name]:.9g}" for name in columns]
            writer.writerow([method.name, sample["sample_id"], sample["subject_id"], *cells])
    return text.getvalue()


def printed_table(methods: Sequence[Method]) -> list[str]:
    """Lines for the terminal: precision, recall, F and lesions of each method."""
    width = max(len(method.label) for method in methods)
    lines = [f"{'':{width}}  precision  recall      F  lesions found  false"]
    for method in methods:
        shown = (getattr(overlap, name)(method.counts) for name in ("precision", "recall", "f1"))
        cells = ["    -" if np.isnan(value) else f"{value:.3f}" for value in shown]
        lesions = f"{method.lesions.detected}/{method.lesions.truth_count}"
        lines.append(
            f"{method.label:{width}}  {'     '.join(cells)}  {lesions:>13}  {method.lesions.false:>5}"
        )
    return lines
