"""The ways to mark lesions that an evaluation compares, and their scores scan by scan."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.engines.volume_scores import UNEQUAL
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
FATES = {
    "scored": "scored",
    "missed": "missed",
    "falsely_found": "falsely found",
    "both_empty": "rightly empty",
}
PRINTED = (
    *(("dice", "Dice", ""), ("jaccard", "Jaccard", "")),
    *(("hd_px", "HD", " px"), ("assd_px", "ASSD", " px"), ("hd_mm", "HD", " mm"), ("assd_mm", "ASSD", " mm")),
)


@dataclass
class Method:
    """One way to mark lesions: the map it cuts, its threshold, and the scores so far.

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


def printed_slices(summary: Mapping[str, Any]) -> list[str]:
    """Lines for the terminal: scores of slices and volumes, and what was marked where nothing is.

    Empty where the summary does not hold them.
    """
    if "per_slice" not in summary:
        return []
    slices, free, volumes = summary["per_slice"], summary["lesion_free"], summary["per_volume"]
    lines = _printed_scores(
        f"slices with lesion, {slices['slices']} of {slices['subjects']} subjects", slices["scores"]
    )
    lines[0] += f"; nothing marked in {slices['missed']}"
    lines += [f"slices without: {free['falsely_marked']} of {free['slices']} falsely marked"]
    if free["falsely_marked"]:
        lines[-1] += f", {_number(free['area_px']['value'], 0)} pixels in the mean"
    if volumes["volumes"]:
        fates = ", ".join(f"{volumes[key]} {said}" for key, said in FATES.items())
        lines += _printed_scores(
            f"volumes, {volumes['volumes']} of {volumes['subjects']} subjects: {fates}", volumes["scores"]
        )
    if volumes["with_gaps"]:
        lines.append(
            f"note: {volumes['missing_slices']} slices are missing in {volumes['with_gaps']} of "
            f"{volumes['volumes']} volumes and were not scored"
        )
    if unequal := volumes["without_mm"].get(UNEQUAL):
        lines.append(
            f"note: {unequal} of {volumes['volumes']} volumes have no scores, since their slices differ in "
            "size"
        )
    if volumes["slices_without_volume"]:
        lines.append(
            f"note: {volumes['slices_without_volume']} slices belong to no volume, since their rows have "
            "no number of the slice"
        )
    return lines


def _printed_scores(heading: str, scores: Mapping[str, Any]) -> list[str]:
    """A heading and a line a score that is defined."""
    lines = [heading]
    for name, title, unit in PRINTED:
        score = scores.get(name)
        if not score or not score["n"]:
            continue
        digits = 1 if unit else 3
        spread = f" ± {_number(score['sd'], digits)}" if _is_defined(score["sd"]) else ""
        between = ""
        if _is_defined(score["low"]):
            between = f", 95 % {_number(score['low'], digits)} to {_number(score['high'], digits)}"
        unsaid = f", undefined in {score['undefined']}" if score["undefined"] else ""
        number = _number(score["value"], digits)
        lines.append(f"  {title:8} {number}{spread}{unit}{between}, n {score['n']}{unsaid}")
    return lines


def _number(value: float | None, digits: int) -> str:
    return f"{value:.{digits}f}" if _is_defined(value) else "-"


def _is_defined(value: float | None) -> bool:
    return value is not None and not np.isnan(value)
