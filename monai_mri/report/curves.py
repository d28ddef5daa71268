"""The page's four curves, each as SVG markup, or None where the run has nothing to draw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from monai_mri.report.marks import draw_methods, draw_point, name_line, note_line
from monai_mri.report.run_folder import Epoch
from monai_mri.report.segment_results import Curve, Method, Threshold
from monai_mri.report.svg import GRID, NETWORK, SECOND, SOFT, STYLE, new_figure, to_svg

__all__ = ["PARTS", "froc_curve", "precision_recall_curve", "threshold_curve", "training_curves"]

PARTS = {"train": "training"}  # as one says it


def training_curves(history: Sequence[Epoch]) -> str | None:
    """Training loss and validation F per epoch, one above the other; None without an epoch."""
    if not history:
        return None
    epochs = [row.epoch for row in history]
    with rc_context(STYLE):
        figure = new_figure()
        above, below = figure.subplots(2, 1, sharex=True)
        marker = "o" if len(epochs) < 15 else None
        for axes, values, colour, label in (
            (above, [row.train_loss for row in history], SECOND, "training loss"),
            (below, [row.val_f1 for row in history], NETWORK, "validation F"),
        ):
            axes.plot(epochs, values, color=colour, marker=marker, markersize=2.5)
            axes.set_ylabel(label, color=colour)
            axes.set_ylim(*_limits_from_zero(values))
            axes.locator_params(axis="y", nbins=4)
            if not np.isfinite(values).any():
                axes.text(
                    0.5, 0.5, "undefined in every epoch", transform=axes.transAxes, ha="center", color=SOFT
                )
        figure.align_ylabels()
        _mark_best(below, epochs, [row.val_f1 for row in history])
        below.set_xlabel("epoch")
        below.xaxis.get_major_locator().set_params(integer=True)
        return to_svg(figure, "Training loss and validation F per epoch", salt="training")


def threshold_curve(threshold: Threshold | None) -> str | None:
    """F, precision and recall at each threshold on the training slices; None without the curve."""
    if threshold is None or not (threshold.curve.threshold and threshold.curve.f1):
        return None
    curve, highest = threshold.curve, _highest_threshold(threshold)
    with rc_context(STYLE):
        figure = new_figure()
        axes = figure.subplots()
        axes.set(xlim=(0, highest), ylim=(0, 1.2), xlabel="threshold on the network's output (probability)")
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
        axes.set_ylabel(f"on the {PARTS.get(threshold.part, threshold.part)} slices (voxel-wise)")
        if curve.recall and curve.precision:
            cuts = curve.threshold
            shown = [cut for cut in cuts if cut <= highest]
            axes.plot(curve.threshold, curve.recall, color=SECOND, linewidth=1)
            axes.plot(curve.threshold, curve.precision, color=SECOND, linewidth=1)
            name_line(axes, cuts, curve.recall, text="recall", at=len(shown) // 8, colour=SECOND)
            highest_precision = _place_of_highest(curve.precision[: len(shown)])
            name_line(axes, cuts, curve.precision, text="precision", at=highest_precision, colour=SECOND)
        axes.plot(curve.threshold, curve.f1, color=NETWORK, linewidth=2)
        name_line(axes, curve.threshold, curve.f1, text="F", at=_place_of_rise(curve.f1), colour=NETWORK)
        if isfinite(threshold.threshold) and isfinite(threshold.f1):
            axes.axvline(threshold.threshold, color=SOFT, linewidth=0.8, linestyle=(0, (3, 3)))
            draw_point(axes, threshold.threshold, threshold.f1, colour=NETWORK)
            note_line(axes, f"chosen {threshold.threshold:.2f}, F {threshold.f1:.2f}", threshold.threshold)
        return to_svg(figure, "F, precision and recall against the threshold", salt="threshold")


def precision_recall_curve(curve: Curve | None, methods: Sequence[Method]) -> str | None:
    """Precision against recall with the baselines as points; None without curve and points."""
    points = [(m, m.pooled.recall, m.pooled.precision) for m in methods]
    has_curve = curve is not None and bool(curve.recall and curve.precision)
    if not has_curve and not any(isfinite(x) and isfinite(y) for _, x, y in points):
        return None
    with rc_context(STYLE):
        figure = new_figure()
        axes = figure.subplots()
        _draw_equal_f(axes)
        if curve is not None and has_curve:
            axes.plot(curve.recall, curve.precision, color=NETWORK, linewidth=2)
        axes.set(xlim=(0, 1.0), ylim=(0, 1.06), xlabel="recall (voxel-wise)", ylabel="precision (voxel-wise)")
        draw_methods(axes, points, free="left")
        return to_svg(figure, "Precision against recall, the baselines as points", salt="precision-recall")


def froc_curve(curve: Curve | None, methods: Sequence[Method], *, scan: str = "scan") -> str | None:
    """Share of the lesions detected against false detections per scan, or slice; None without the curve."""
    if curve is None or not (curve.false_per_scan and curve.sensitivity):
        return None
    points = [
        (m, m.lesions.false / m.counts.scans, m.lesions.recall)
        for m in methods
        if m.lesions is not None and m.lesions.false is not None and m.counts.scans
    ]
    with rc_context(STYLE):
        figure = new_figure()
        axes = figure.subplots()
        axes.plot(curve.false_per_scan, curve.sensitivity, color=NETWORK, linewidth=2)
        highest = max([x for x in curve.false_per_scan if isfinite(x)] + [x for _, x, _ in points] + [1.0])
        if highest > 20:
            axes.set_xscale("symlog", linthresh=1, linscale=0.4)
            ticks = [0, 1] + [10**power for power in range(1, int(np.log10(highest)) + 1)]
            axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axes.xaxis.set_minor_locator(NullLocator())
        axes.set(xlim=(0, highest * 1.08), ylim=(0, 1.06), xlabel=f"false detections per {scan}")
        axes.set_ylabel("share of the lesions detected")
        draw_methods(axes, points, free="right")
        about = f"Share of the lesions detected against false detections per {scan}"
        return to_svg(figure, about, salt="froc")


def _highest_threshold(threshold: Threshold) -> float:
    """Where the axis ends: at 1, or earlier where hardly a voxel is marked from far below 1 on."""
    curve = threshold.curve
    alive = [cut for cut, recall in zip(curve.threshold, curve.recall, strict=False) if recall > 0.005]
    ends = [cut * 1.25 for cut in (*alive[-1:], threshold.threshold) if isfinite(cut)]
    return min(1.0, max(ends, default=1.0)) or 1.0


def _place_of_highest(values: Sequence[float]) -> int:
    return int(np.nanargmax(values)) if np.isfinite(values).any() else 0


def _place_of_rise(values: Sequence[float]) -> int:
    """Where a curve first reaches two thirds of its height."""
    defined = np.nan_to_num(np.asarray(values, dtype=float))
    return int(np.argmax(defined >= defined.max() * 2 / 3)) if defined.size else 0


def _limits_from_zero(values: Iterable[float]) -> tuple[float, float]:
    finite = [value for value in values if isfinite(value)]
    highest = max(finite, default=0.0)
    return 0.0, highest * 1.3 if highest > 0 else 1.0


def _mark_best(axes: Axes, epochs: Sequence[int], values: Sequence[float]) -> None:
    if not np.isfinite(values).any():
        return
    best = int(np.nanargmax(values))
    draw_point(axes, epochs[best], values[best], colour=NETWORK)
    right = epochs[best] > (epochs[0] + epochs[-1]) / 2
    axes.annotate(
        f"best {values[best]:.2f}, epoch {epochs[best]}",
        (epochs[best], values[best]),
        xytext=(0, 6),
        textcoords="offset points",
        ha="right" if right else "left",
        va="bottom",
    )


def _draw_equal_f(axes: Axes) -> None:
    """Faint lines on which F stays the same."""
    for f1 in (0.2, 0.4, 0.6, 0.8):
        recall = np.linspace(1.06 * f1 / (2.12 - f1), 1, 60)  # from the upper border to the right one
        axes.plot(recall, f1 * recall / (2 * recall - f1), color=GRID, linewidth=0.8)
        at = (1.0, f1 / (2 - f1))
        axes.annotate(
            f"F {f1:.1f}",
            at,
            xytext=(3, -2),
            textcoords="offset points",
            color=SOFT,
            fontsize=6.5,
            clip_on=False,
        )
