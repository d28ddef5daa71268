"""Tables of a classification: scores with intervals, the confusion matrix, person by person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from monai_mri.report.classes.predictions import Prediction, surest_wrong_first
from monai_mri.report.classes.results import ClassSummary, Score
from monai_mri.report.tables import Cell, Row, Table, to_count, to_figure

__all__ = ["ConfusionCell", "confusion_rows", "name_of", "people_table", "score_table", "to_interval"]

NAMES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "macro_f1": "Macro F",
    "auc": "AUC",
    "brier": "Brier score",
    "log_loss": "Log loss",
    "ece": "Calibration error",
}
MEANS = ("balanced_accuracy", "macro_f1", "auc")  # over classes: undefined where one is absent
ABOUT_ONE = ("sensitivity", "specificity")


@dataclass(frozen=True)
class ConfusionCell:
    """Images of a true class that were called another; `share` is of the row, nan where it is empty."""

    count: int
    share: float
    right: bool


def score_table(summary: ClassSummary) -> Table:
    """A row a score: value, 95 % interval, how that was made, the images it stands on."""
    rows = []
    for name, score in summary.scores.items():
        reason = "" if isfinite(score.value) else reason_of(name, score, summary)
        cells = [
            Cell(to_figure(score.value), note=reason, value=score.value, undefined=not isfinite(score.value)),
            Cell(to_interval(score) or "undefined", undefined=not to_interval(score)),
            Cell(_made_by(score.interval), note=_undefined_draws(score), word=True),
            Cell(to_count(score.n)),
        ]
        rows.append(Row(label=name_of(name, summary.classes), cells=cells))
    headings = [("Value", ""), ("95 % interval", ""), ("Made by", ""), ("Images", "")]
    return Table(groups=[], headings=headings, rows=rows)


def name_of(score: str, classes: Sequence[str]) -> str:
    """A score as one says it; those of one class against the rest end with that class.

    >>> name_of("ece", []), name_of("auc_5", ["5"]), name_of("new", [])
    ('Calibration error', 'AUC, 5', 'new')
    """
    if score in NAMES:
        return NAMES[score]
    for kind in (*ABOUT_ONE, "auc"):
        if score.startswith(f"{kind}_") and score.removeprefix(f"{kind}_") in classes:
            return f"{NAMES[kind]}, {score.removeprefix(f'{kind}_')}"
    return score


def reason_of(name: str, score: Score, summary: ClassSummary) -> str:
    """Why a score is undefined, where that is known; empty otherwise."""
    if score.reason:
        return score.reason
    if name in ABOUT_ONE and score.n == 0 and len(summary.classes) > 2:
        return f"no one class of the {len(summary.classes)} was chosen"
    if name in MEANS and summary.absent:
        return f"no image of {' or '.join(summary.absent)}"
    if score.n == 0:
        return "no image to stand on"
    if any(name == f"auc_{absent}" for absent in summary.absent):
        return "no image of this class"
    return ""


def to_interval(score: Score) -> str:
    """An interval as text; empty where it is undefined.

    >>> to_interval(Score(low=0.5, high=0.75)), to_interval(Score())
    ('0.500 to 0.750', '')
    """
    if not (isfinite(score.low) and isfinite(score.high)):
        return ""
    return f"{to_figure(score.low)} to {to_figure(score.high)}"


def confusion_rows(summary: ClassSummary) -> list[tuple[str, list[ConfusionCell], int]]:
    """(true class, cells, images of it) for each class."""
    rows = []
    for place, (name, counts) in enumerate(zip(summary.classes, summary.confusion, strict=False)):
        total = sum(counts)
        cells = [
            ConfusionCell(count, count / total if total else float("nan"), right=column == place)
            for column, count in enumerate(counts)
        ]
        rows.append((name, cells, total))
    return rows


def people_table(predictions: Sequence[Prediction], *, at_most: int) -> Table:
    """Image by image, wrong ones first and the surest of them on top; images of unknown class last."""
    known = [one for one in predictions if one.truth]
    ordered = surest_wrong_first(known) + [one for one in predictions if not one.truth]
    rows = []
    for one in ordered[:at_most]:
        cells = [
            Cell(one.truth or "unknown", undefined=not one.truth, word=True),
            Cell(one.predicted, word=True),
            Cell(to_figure(one.sureness), undefined=not isfinite(one.sureness)),
            Cell(to_figure(one.of_truth), undefined=not isfinite(one.of_truth)),
        ]
        rows.append(Row(label=_label(one), cells=cells, wrong=bool(one.truth) and not one.right))
    headings = [("True class", ""), ("Predicted", ""), ("Probability of it", ""), ("Of the true class", "")]
    return Table(groups=[], headings=headings, rows=rows)


def _label(one: Prediction) -> str:
    alone = one.subject_id in (one.sample_id, "")
    return one.sample_id if alone else f"{one.sample_id} ({one.subject_id})"


def _made_by(interval: str | None) -> str:
    return "Wilson" if interval == "wilson" else interval or "–"


def _undefined_draws(score: Score) -> str:
    return f"{to_count(score.undefined_draws)} draws undefined" if score.undefined_draws else ""
