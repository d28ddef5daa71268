"""Points and names written into a figure, so that no legend is needed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any, Literal

from matplotlib.axes import Axes

from monai_mri.report.segment_results import Method
from monai_mri.report.svg import BASELINE, NETWORK, PAPER

__all__ = ["draw_methods", "draw_point", "name_line", "note_line", "place_labels", "short_name"]

LABEL_WIDTH = 33.0  # in points, as all measures here
LEADER: dict[str, Any] = {"arrowstyle": "-", "color": BASELINE, "linewidth": 0.5, "shrinkB": 3}


def draw_point(axes: Axes, x: float, y: float, *, colour: str, size: float = 5.5) -> None:
    """A point with a rim in the colour of the paper, whole even on the border of the axes."""
    axes.plot([x], [y], "o", color=colour, markersize=size, markeredgecolor=PAPER, clip_on=False, zorder=5)


def name_line(axes: Axes, x: Sequence[float], y: Sequence[float], *, text: str, at: int, colour: str) -> None:
    """Write a curve's name just above its point number `at`, towards the side that has room."""
    if not isfinite(y[at]):
        return
    low, high = axes.get_xlim()
    right = x[at] > low + 0.85 * (high - low)
    axes.annotate(
        text,
        (x[at], y[at]),
        xytext=(0, 4),
        textcoords="offset points",
        ha="right" if right else "center",
        color=colour,
    )


def note_line(axes: Axes, text: str, x: float) -> None:
    """Write beside a vertical line, at the top of the axes, on the side that has room."""
    low, high = axes.get_xlim()
    right = x > low + 0.6 * (high - low)
    axes.annotate(
        text,
        (x, 1),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-5 if right else 5, -1),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top",
    )


def draw_methods(
    axes: Axes, points: Sequence[tuple[Method, float, float]], *, free: Literal["left", "right"]
) -> None:
    """One named point a method: the network's name on the `free` side of its curve, the others above.

    The limits of the axes must have been set.
    """
    defined = [point for point in points if isfinite(point[1]) and isfinite(point[2])]
    for method, x, y in defined:
        if method.name == "network":
            _draw_network(axes, x, y, free=free)
    scale = 72 / axes.figure.dpi
    box = axes.get_window_extent()
    baselines = [point for point in defined if point[0].name != "network"]
    places = [tuple(axes.transData.transform((x, y)) * scale) for _, x, y in baselines]
    labels = place_labels(places, width=LABEL_WIDTH, left=box.x0 * scale, right=box.x1 * scale)
    for (method, x, y), place, label in zip(baselines, places, labels, strict=True):
        draw_point(axes, x, y, colour=BASELINE, size=4.5)
        axes.annotate(
            short_name(method),
            (x, y),
            xytext=(label[0] - place[0], label[1] - place[1]),
            textcoords="offset points",
            ha="center",
            color=BASELINE,
            fontsize=7,
            arrowprops=LEADER if _wants_leader(place, label, labels) else None,
        )


def _draw_network(axes: Axes, x: float, y: float, *, free: Literal["left", "right"]) -> None:
    draw_point(axes, x, y, colour=NETWORK, size=7)
    across, up = axes.transAxes.inverted().transform(axes.transData.transform((x, y)))
    left = across > 0.2 if free == "left" else across > 0.8
    low = up < 0.12
    axes.annotate(
        "network",
        (x, y),
        xytext=(-8 if left else 8, 5 if low else -5),
        textcoords="offset points",
        ha="right" if left else "left",
        va="bottom" if low else "top",
        color=NETWORK,
    )


def _wants_leader(
    place: tuple[float, ...], label: tuple[float, float], labels: Sequence[tuple[float, float]]
) -> bool:
    """Whether a label stands away from its point, with no other label between."""
    blocked = any(place[1] < y < label[1] and abs(x - place[0]) < LABEL_WIDTH / 2 for x, y in labels)
    return not blocked and (label[1] - place[1] > 12 or abs(label[0] - place[0]) > 20)


def place_labels(
    points: Sequence[tuple[float, ...]], *, width: float, left: float, right: float, height: float = 9.0
) -> list[tuple[float, float]]:
    """Centres of labels just above their points, within left and right, moved up until none touches another.

    >>> place_labels([(50, 10), (60, 10), (120, 10)], width=30, left=0, right=200)
    [(50, 15), (60, 24.0), (120, 15)]
    """
    placed: dict[int, tuple[float, float]] = {}
    for index in sorted(range(len(points)), key=lambda n: points[n][1]):
        x, y = points[index]
        x, y = min(max(x, left + width / 2), right - width / 2), y + 5
        others = [
            *placed.values(),
            *((px, py - height / 2) for n, (px, py) in enumerate(points) if n != index),
        ]
        while any(abs(x - ox) < width and abs(y - oy) < height for ox, oy in others):
            y += height
        placed[index] = (x, y)
    return [placed[index] for index in range(len(points))]


def short_name(method: Method) -> str:
    """A name that fits beside a point.

    >>> short_name(Method(name="raw_45", label="Raw intensity at 45 % of the maximum"))
    'raw 45 %'
    """
    if match := re.fullmatch(r"raw_(\d+)", method.name):
        return f"raw {match[1]} %"
    return method.name.replace("_", " ")[:24]
