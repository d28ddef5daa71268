"""One self-contained HTML page about a cohort: the first table of a paper, with plots."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import monai_mri
from monai_mri.errors import DataError
from monai_mri.files import write_whole
from monai_mri.manifest.summary import Categorical, Cohort, Continuous, Line, table_lines
from monai_mri.manifest.summary.render import undefined_notes
from monai_mri.manifest.summary.tally import MOST_LEVELS
from monai_mri.report import cohort_plots

__all__ = ["write_cohort_page"]


def write_cohort_page(cohort: Cohort, out: Path, *, title: str | None = None) -> Path:
    """Write one HTML page about a cohort; it needs no network, no other file and no JavaScript.

    The page has the table of `summarise_manifest`, ages by part, labels by site, voxel edges and which cells
    are missing together. Counts that were masked in the cohort are masked in the plots, too. `title` is
    the heading, by default the manifest's name.

    Raises:
        DataError: `out` is a folder.
    """
    out = Path(out)
    if out.is_dir():
        raise DataError(
            f"{out}: is a folder, expected the path of the page; add a file name such as cohort.html"
        )
    environment = Environment(
        loader=PackageLoader("monai_mri.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("cohort.html.j2").render(**_collect(cohort, title=title))
    return write_whole(out, page.encode())


def _collect(cohort: Cohort, *, title: str | None) -> dict[str, Any]:
    templates = Path(__file__).parent / "templates"
    css = "".join(
        (templates / name).read_text(encoding="utf-8") for name in ("page.css", "palette.css", "cohort.css")
    )
    plots = {
        "ages": cohort_plots.age_histograms(cohort),
        "labels": cohort_plots.label_by_site(cohort),
        "edges": cohort_plots.voxel_edges(cohort),
        "missing": cohort_plots.missing_cells(cohort.missingness),
    }
    lines = table_lines(cohort)
    return {
        "title": title or cohort.name,
        "css": Markup(css),
        "cohort": cohort,
        "everybody": {"subjects": lines[0].cells[-1], "scans": lines[1].cells[-1]},
        "rows": [_row(line) for line in lines],
        "notes": [*cohort.notes, *undefined_notes(cohort)],
        # The SVG writer has escaped the text that comes from the table.
        "absent": {"labels": _no_labels(cohort)},
        "plots": {name: Markup(svg) if svg else None for name, svg in plots.items()},
        "version": monai_mri.__version__,
    }


def _no_labels(cohort: Cohort) -> str:
    """Why there is no picture of labels by site: the one reason that applies."""
    cross = cohort.cross
    if cross is not None:
        several = len(cross.columns) > len(cohort_plots.PALETTE)
        return f"The column {cross.column_name} has too many values for a picture." if several else ""
    names = {variable.name: variable for variable in cohort.variables}
    if cohort.by in ("site", "label"):
        return f"The column {cohort.by} makes the groups."
    if lacking := [name for name in ("site", "label") if name not in names]:
        return f"No column {' and none '.join(lacking)}, or nothing in it."
    if numeric := [name for name in ("site", "label") if isinstance(names[name], Continuous)]:
        return f"The column {numeric[0]} holds numbers, not categories."
    if cohort.min_count and all(len(_levels(names[name])) <= MOST_LEVELS for name in ("site", "label")):
        return "A small count in it is masked."
    return "The columns site and label have too many values for a picture."


def _levels(variable: Continuous | Categorical) -> tuple[str, ...]:
    """The levels of a category; more than are listed where the rarest were put together."""
    if isinstance(variable, Continuous):
        return ()
    others = bool(variable.levels) and re.fullmatch(r"\(\d+ others\)", variable.levels[-1])
    return (*variable.levels, "") if others else variable.levels


def _row(line: Line) -> dict[str, Any]:
    """A line with its difference, `large` where it is beyond Austin's bound of a small one."""
    large = line.smd.replace(".", "", 1).isdigit() and float(line.smd) > 0.1
    return {
        "label": line.level or line.variable,
        "level": bool(line.level),
        "cells": line.cells,
        "smd": line.smd,
        "large": large,
    }
