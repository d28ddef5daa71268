"""Tables of slices and volumes: a row a score, its mean, interval, and what it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from monai_mri.report.segment_results import Mean
from monai_mri.report.tables import Cell, Row, Table, to_count, to_figure

__all__ = ["mean_table", "to_between"]

SHOWN = {
    "dice": ("Dice", 3),
    "jaccard": ("Jaccard", 3),
    "precision": ("Precision", 3),
    "recall": ("Recall", 3),
    "hd_px": ("HD, pixels", 1),
    "hd95_px": ("HD95, pixels", 1),
    "assd_px": ("ASSD, pixels", 2),
    "hd_mm": ("HD, mm", 1),
    "hd95_mm": ("HD95, mm", 1),
    "assd_mm": ("ASSD, mm", 2),
    "volume_difference": ("Volume difference", 3),
    "volume_error": ("Volume error", 3),
}


def mean_table(scores: Mapping[str, Mean], *, unit: str) -> Table:
    """A row a score that is known here; distances that are defined nowhere are left out.

    Args:
        scores: by their names in the summary.
        unit: what the means are over, such as "Slices".
    """
    rows = []
    for name, (title, digits) in SHOWN.items():
        score = scores.get(name)
        if score is None or (not score.n and name.endswith(("_px", "_mm"))):
            continue
        spread = f" ± {to_figure(score.sd, digits=digits)}" if isfinite(score.sd) else ""
        between = to_between(score, digits=digits)
        cells = [
            Cell(to_figure(score.value, digits=digits) + spread, undefined=not isfinite(score.value)),
            Cell(between or "undefined", undefined=not between),
            Cell(to_count(score.n)),
            Cell(to_count(score.undefined)),
            Cell(to_count(score.subjects)),
        ]
        rows.append(Row(label=title, cells=cells))
    headings = [("Mean ± SD", ""), ("95 % interval", ""), (unit, ""), ("Undefined in", ""), ("Subjects", "")]
    return Table(groups=[], headings=headings, rows=rows)


def to_between(score: Mean, *, digits: int = 3) -> str:
    """An interval as text; empty where it is undefined.

    >>> to_between(Mean(low=0.5, high=0.75)), to_between(Mean())
    ('0.500 to 0.750', '')
    """
    if not (isfinite(score.low) and isfinite(score.high)):
        return ""
    return f"{to_figure(score.low, digits=digits)} to {to_figure(score.high, digits=digits)}"
