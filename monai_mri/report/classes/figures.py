"""The four figures of a classification, each as SVG markup, or None where there is nothing to draw."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_mri.report.classes.points import (
    Bin,
    FloatArray,
    positive_of,
    reliability_bins,
    roc_points,
    thinned,
)
from monai_mri.report.classes.predictions import Prediction
from monai_mri.report.classes.results import Abstention, ClassSummary, Majority
from monai_mri.report.classes.tables import to_interval
from monai_mri.report.marks import draw_point, note_line
from monai_mri.report.run_folder import Epoch
from monai_mri.report.svg import (
    BASELINE,
    GRID,
    NETWORK,
    PALETTE,
    PAPER,
    SECOND,
    SOFT,
    STYLE,
    new_figure,
    to_svg,
)
from monai_mri.report.tables import to_figure

__all__ = ["coverage_figure", "reliability_figure", "roc_figure", "training_figure"]

DASHED = (0, (3, 3))
LONGEST = 24
ON_PAPER: dict[str, Any] = {"facecolor": PAPER, "edgecolor": "none", "framealpha": 0.85, "borderaxespad": 0.2}


def training_figure(history: Sequence[Epoch], best_epoch: int | None = None) -> str | None:
    """Loss of training and validation above, accuracy on the validation below; None without an epoch.

    The best epoch is the one told, or that of the lowest validation loss.
    """
    if not history:
        return None
    epochs = [row.epoch for row in history]
    with _drawing() as figure:
        above, below = figure.subplots(2, 1, sharex=True)
        marker = "o" if len(epochs) < 15 else None
        style: dict[str, Any] = {"marker": marker, "markersize": 2.5}
        losses = {
            "training": [row.train_loss for row in history],
            "validation": [row.val_loss for row in history],
        }
        for (name, values), colour in zip(losses.items(), (SECOND, NETWORK), strict=True):
            above.plot(epochs, values, color=colour, label=name, **style)
        above.set(ylabel="loss", ylim=_from_zero([*losses["training"], *losses["validation"]]))
        above.legend(loc="upper right", ncols=2, labelcolor="linecolor", **ON_PAPER)
        accuracy = [row.val_accuracy for row in history]
        below.plot(epochs, accuracy, color=NETWORK, **style)
        below.set(
            ylabel="validation accuracy", ylim=(0, 1.18), xlabel="epoch", yticks=[0, 0.25, 0.5, 0.75, 1]
        )
        below.xaxis.get_major_locator().set_params(integer=True)
        figure.align_ylabels()
        if not np.isfinite(accuracy).any():
            below.text(0.5, 0.5, "no validation", transform=below.transAxes, ha="center", color=SOFT)
        _mark_epoch((above, below), history, best_epoch)
        return to_svg(figure, "Loss and validation accuracy per epoch", salt="class-training")


def roc_figure(summary: ClassSummary, predictions: Sequence[Prediction]) -> str | None:
    """Sensitivity against 1 - specificity, each class against the rest; of two classes the positive one.

    None where no class has images and images beside it.
    """
    known = [one for one in predictions if one.truth]
    two = len(summary.classes) == 2
    lines = _roc_lines(summary, known, [positive_of(summary)] if two else range(len(summary.classes)))
    if not lines:
        return None
    with _drawing() as figure:
        axes = figure.subplots()
        axes.set(xlim=(0, 1), ylim=(0, 1.04), xlabel="1 - specificity", ylabel="sensitivity")
        axes.plot([0, 1], [0, 1], color=BASELINE, linewidth=0.8, linestyle=DASHED)
        for place, (false, true) in lines.items():
            colour = NETWORK if two else PALETTE[place % len(PALETTE)]
            style: dict[str, Any] = {"linestyle": "-" if place < len(PALETTE) else "--"}
            style |= {"linewidth": 2 if two else 1.4, "label": _roc_label(summary, place)}
            axes.plot(false, true, color=colour, **style)
        axes.legend(loc="lower right", labelcolor="linecolor", fontsize=7.5, **ON_PAPER)
        if two:
            _mark_predicted(axes, known, summary.classes[next(iter(lines))])
        return to_svg(figure, "Sensitivity against 1 - specificity", salt="roc")


def reliability_figure(predictions: Sequence[Prediction]) -> str | None:
    """How often the predicted class is right by its probability, and how many images; None without any."""
    bins = reliability_bins(predictions)
    filled = [one for one in bins if one.images]
    if not filled:
        return None
    with _drawing() as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        above.plot([0, 1], [0, 1], color=BASELINE, linewidth=0.8, linestyle=DASHED)
        for one in filled:
            above.plot([one.sureness] * 2, [one.low, one.high], color=NETWORK, linewidth=0.9)
        line = [one.sureness for one in filled], [one.right for one in filled]
        above.plot(*line, color=NETWORK, marker="o", markersize=4)
        above.set(ylabel="share right", ylim=(0, 1.04))
        _draw_counts(below, filled)
        start = min(filled[0].left, 0.5)
        below.set(xlim=(start, 1), xlabel="probability of the predicted class", ylabel="images")
        figure.align_ylabels()
        return to_svg(figure, "Share of right predictions by their probability", salt="reliability")


def coverage_figure(abstention: Abstention | None, majority: Majority | None) -> str | None:
    """Accuracy of the surest predictions by the share that is kept; None without the curve."""
    if abstention is None or not np.isfinite(abstention.coverage).any():
        return None
    coverage, accuracy = thinned(abstention.coverage, abstention.accuracy)
    with _drawing() as figure:
        axes = figure.subplots()
        axes.set(xlim=(0, 1), ylim=(0, 1.12), xlabel="share of the images that gets an answer")
        axes.set(ylabel="accuracy of the answers", yticks=[0, 0.25, 0.5, 0.75, 1])
        axes.plot(coverage, accuracy, color=NETWORK, linewidth=2, marker="o" if len(coverage) < 2 else None)
        if majority is not None and isfinite(majority.accuracy):
            axes.axhline(majority.accuracy, color=BASELINE, linewidth=0.8, linestyle=DASHED)
            text = f"always {_short(majority.name or 'one class')} {majority.accuracy:.2f}"
            axes.annotate(
                text,
                (0.01, majority.accuracy),
                xytext=(0, -3),
                textcoords="offset points",
                color=BASELINE,
                fontsize=7,
                va="top",
                bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
            )
        chosen = abstention.chosen
        if chosen is not None and isfinite(chosen.coverage):
            axes.axvline(chosen.coverage, color=SOFT, linewidth=0.8, linestyle=DASHED)
            if isfinite(chosen.accuracy):
                draw_point(axes, chosen.coverage, chosen.accuracy, colour=NETWORK)
            note_line(axes, f"threshold {to_figure(chosen.threshold, digits=2)}", chosen.coverage)
        return to_svg(figure, "Accuracy against the share of answers", salt="coverage")


@contextmanager
def _drawing() -> Iterator[Figure]:
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # only measured in this font, drawn in the page's
        yield new_figure()


def _roc_lines(
    summary: ClassSummary, known: Sequence[Prediction], places: Iterable[int]
) -> dict[int, tuple[FloatArray, FloatArray]]:
    """Points of each class that has one."""
    lines = {}
    for place in places:
        truth = [one.truth == summary.classes[place] for one in known]
        false, true = thinned(*roc_points(truth, [one.probabilities[place] for one in known]))
        if len(false):
            lines[place] = (false, true)
    return lines


def _roc_label(summary: ClassSummary, place: int) -> str:
    name, two = summary.classes[place], len(summary.classes) == 2
    auc = summary.score("auc" if two else f"auc_{name}")
    between = f", {to_interval(auc)}" if two and to_interval(auc) else ""
    hidden = "\u200b" if name.startswith("_") else ""  # matplotlib leaves such labels out of a legend
    return f"{hidden}{_short(name)}: AUC {to_figure(auc.value)}{between}"


def _mark_epoch(panels: tuple[Axes, Axes], history: Sequence[Epoch], best_epoch: int | None) -> None:
    losses = [row.val_loss for row in history]
    if best_epoch is None and np.isfinite(losses).any():
        best_epoch = history[int(np.nanargmin(losses))].epoch
    rows = [row for row in history if row.epoch == best_epoch]
    if not rows:
        return
    for axes in panels:
        axes.axvline(rows[0].epoch, color=SOFT, linewidth=0.8, linestyle=DASHED)
    below = panels[1]
    if isfinite(rows[0].val_accuracy):
        draw_point(below, rows[0].epoch, rows[0].val_accuracy, colour=NETWORK)
    note_line(below, f"best epoch {rows[0].epoch}", rows[0].epoch)


def _mark_predicted(axes: Axes, known: Sequence[Prediction], positive: str) -> None:
    """The point of the predictions as they are: the most probable class."""
    said = np.array([one.predicted == positive for one in known])
    truth = np.array([one.truth == positive for one in known])
    at = float(said[~truth].mean()), float(said[truth].mean())
    draw_point(axes, *at, colour=NETWORK, size=7)
    right = at[0] > 0.6
    axes.annotate(
        "as predicted",
        at,
        xytext=(-8 if right else 8, -5),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top",
        color=NETWORK,
        bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.7, "pad": 0.5},
    )


def _draw_counts(axes: Axes, filled: Sequence[Bin]) -> None:
    middles = [one.left + one.width / 2 for one in filled]
    counts = [one.images for one in filled]
    axes.bar(middles, counts, width=0.9 * filled[0].width, color=GRID)
    axes.set(ylim=(0, 1.5 * max(counts)), yticks=[])
    for middle, count in zip(middles, counts, strict=True):
        axes.annotate(
            str(count), (middle, count), xytext=(0, 1.5), textcoords="offset points", ha="center", fontsize=7
        )


def _from_zero(values: Sequence[float]) -> tuple[float, float]:
    highest = max((value for value in values if isfinite(value)), default=0.0)
    return 0.0, highest * 1.35 if highest > 0 else 1.0


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
