"""The plots of a cohort's page, each as SVG markup, or None where there is nothing to draw."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from monai_mri.manifest.summary import Cohort, Continuous, Cross, Histogram, Missingness
from monai_mri.report.svg import INK, NETWORK, PALETTE, PAPER, SECOND, SOFT, STYLE, new_figure, to_svg

__all__ = ["PALETTE", "age_histograms", "label_by_site", "missing_cells", "voxel_edges"]

MOST_PANELS = 6
LONGEST = 18


def age_histograms(cohort: Cohort) -> str | None:
    """Ages by part, one histogram under the other on one axis; None without a column of ages."""
    ages = [v for v in cohort.variables if isinstance(v, Continuous) and v.histogram]
    ages = [v for v in ages if v.name.lower().startswith("age")] or ages
    drawn = ages[0].histogram if ages else None
    if drawn is None:
        return None
    return _drawn(
        lambda figure: _histograms(figure, drawn, ages[0].name, ages[0].unit),
        "Histograms of age by part",
        rows=len(drawn.series[:MOST_PANELS]),
    )


def voxel_edges(cohort: Cohort) -> str | None:
    """Shortest and longest voxel edge of all images; None where the sidecar tells no voxel size."""
    edges = cohort.edges_mm
    if edges is None:
        return None
    return _drawn(
        lambda figure: _histograms(figure, edges, "voxel edge in mm", "images"), "Voxel edges in mm", rows=2
    )


def label_by_site(cohort: Cohort) -> str | None:
    """Stacked bars of the labels at each site, one panel a part; None without label and site."""
    cross = cohort.cross
    if cross is None or len(cross.columns) > len(PALETTE):
        return None
    panels = len(cross.groups[:MOST_PANELS])
    rows = max(2.0, 0.55 * panels * (len(cross.rows) + 1.2))
    return _drawn(lambda figure: _bars(figure, cross), "Labels by site and part", rows=rows)


def missing_cells(missingness: Missingness) -> str | None:
    """Which columns are empty together: a row a pattern, a column a column; None where no cell is empty."""
    if not any(any(pattern) for pattern, _ in missingness.patterns):
        return None
    rows = max(2.0, 0.5 * len(missingness.patterns) + 1.2)
    return _drawn(lambda figure: _matrix(figure, missingness), "Patterns of missing cells", rows=rows)


def _drawn(draw: Callable[[Figure], None], title: str, *, rows: float) -> str:
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # only measured in this font, drawn in the page's
        figure = new_figure()
        figure.set_size_inches(4.9, 1.0 + 0.75 * rows)
        draw(figure)
        markup = to_svg(figure, title, salt=title)
    return markup


def _histograms(figure: Figure, drawn: Histogram, name: str, unit: str) -> None:
    shown = list(zip(drawn.series, drawn.counts, strict=True))[:MOST_PANELS]
    figure.subplots_adjust(left=0.11, right=0.97, top=0.96, bottom=0.45 / figure.get_figheight(), hspace=0.35)
    panels = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    edges = np.asarray(drawn.edges)
    for number, (axes, (series, counts)) in enumerate(zip(panels, shown, strict=True)):
        told = [count if isinstance(count, int) else 0 for count in counts]
        axes.bar(
            edges[:-1],
            told,
            np.diff(edges),
            align="edge",
            color=PALETTE[number],
            edgecolor=PAPER,
            linewidth=0.8,
        )
        _mark_masked(axes, (edges[:-1] + edges[1:]) / 2, counts)
        axes.set_ylim(0, max(*told, 1) * 1.25)
        axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        axes.grid(visible=False, axis="x")
        axes.text(
            1.0, 0.98, _short(series), transform=axes.transAxes, ha="right", va="top", color=INK, fontsize=8.5
        )
    panels[len(panels) // 2].set_ylabel(unit)
    panels[-1].set_xlabel(_short(name))


def _mark_masked(axes: Axes, places: Sequence[float], counts: Sequence[object]) -> None:
    for place, count in zip(places, counts, strict=True):
        if not isinstance(count, int):
            axes.text(place, 0, "*", ha="center", va="bottom", color=SOFT, fontsize=9)


def _bars(figure: Figure, cross: Cross) -> None:
    names, tables = cross.groups[:MOST_PANELS], cross.counts[:MOST_PANELS]
    left = 0.03 + 0.0135 * max(len(_short(site)) for site in cross.rows)
    height = figure.get_figheight()
    figure.subplots_adjust(left=left, right=0.97, top=1 - 0.6 / height, bottom=0.45 / height, hspace=0.4)
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    places = np.arange(len(cross.rows))
    for axes, name, table in zip(panels, names, tables, strict=True):
        told = np.array([[count if isinstance(count, int) else 0 for count in site] for site in table])
        starts = np.cumsum(told, axis=1) - told
        for number in range(len(cross.columns)):
            axes.barh(
                places,
                told[:, number],
                0.7,
                starts[:, number],
                color=PALETTE[number],
                edgecolor=PAPER,
                linewidth=0.8,
            )
        for place, site in enumerate(table):
            if not all(isinstance(count, int) for count in site):
                axes.text(told[place].sum(), place, " *", va="center", color=SOFT, fontsize=9)
        axes.set_yticks(places, [_short(site) for site in cross.rows])
        axes.set_ylim(len(cross.rows) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_title(_short(name), loc="left", fontsize=8.5, color=INK, pad=3)
    panels[-1].set_xlabel(cross.unit)
    key = [Patch(color=PALETTE[number], label=_short(level)) for number, level in enumerate(cross.columns)]
    figure.legend(
        handles=key,
        loc="upper left",
        ncols=4,
        frameon=False,
        bbox_to_anchor=(0, 1),
        fontsize=8,
        borderaxespad=0,
    )


def _matrix(figure: Figure, found: Missingness) -> None:
    columns, height = len(found.columns), figure.get_figheight()
    figure.subplots_adjust(left=0.03, right=0.86, top=1 - 1.0 / height, bottom=0.05)
    axes = figure.subplots()
    for row, (pattern, count) in enumerate(found.patterns):
        axes.barh(
            [row] * columns,
            [0.92] * columns,
            0.82,
            [place - 0.46 for place in range(columns)],
            color=[SECOND if missing else NETWORK for missing in pattern],
            alpha=1.0,
        )
        told = {"small": "few", "hidden": "*"}.get(str(count), str(count))
        axes.text(columns - 0.4, row, f" {told}", va="center", color=INK)
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(len(found.patterns) - 0.5, -0.5)
    axes.set_xticks(range(columns), [_short(name) for name in found.columns], rotation=40, ha="left")
    axes.xaxis.tick_top()
    axes.set_yticks([])
    axes.grid(visible=False)
    for side in axes.spines.values():
        side.set_visible(False)


def _short(text: str) -> str:
    """A name of the user's, cut where it would leave the picture, without what a page cannot hold."""
    clean = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return clean if len(clean) <= LONGEST else clean[: LONGEST - 1] + "…"
