"""Tables of the page: figures as text, the best of each column marked, the undefined called so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan

from monai_mri.report.records import Count
from monai_mri.report.segment_results import Method, PerScan

__all__ = ["Cell", "Row", "Table", "lesion_table", "subject_table", "to_count", "to_figure", "voxel_table"]

HIGH, LOW, PLAIN = 1, -1, 0
LONG_UNITS = {"mm": "mm", "px": "pixels"}
LARGE = 1e9  # from here on, figures are written with an exponent
OVERLAPS = ("precision", "recall", "dice", "jaccard")  # of one scan, F is Dice
DISTANCES = ("hd", "hd95", "assd")
HEADINGS = {"f1": "F", "hd": "HD", "hd95": "HD95", "assd": "ASSD"}


@dataclass(frozen=True)
class Cell:
    """Text, a smaller note under it, and whether it is the best of its column, undefined, or no figure."""

    text: str
    note: str = ""
    value: float = nan
    best: bool = False
    undefined: bool = False
    word: bool = False


@dataclass(frozen=True)
class Row:
    """A method, a scan or a score with its cells; `wrong` where a prediction is."""

    label: str
    cells: list[Cell]
    network: bool = False
    collapsed: bool = False
    wrong: bool = False


@dataclass(frozen=True)
class Table:
    """`groups` (heading, number of columns), if any, stand above `headings`, which are (text, unit)."""

    groups: list[tuple[str, int]]
    headings: list[tuple[str, str]]
    rows: list[Row]


def to_figure(value: float, *, digits: int = 3) -> str:
    """A figure as text.

    >>> to_figure(0.5), to_figure(float("nan"))
    ('0.500', 'undefined')
    """
    if not isfinite(value):
        return "undefined"
    return f"{value:.{digits}f}" if abs(value) < LARGE else f"{value:.3g}"


def to_count(value: int | float | None) -> str:
    """A count with thin groups of three, an en dash where nobody counted.

    >>> to_count(None), to_count(7856) == "7\u202f856"
    ('–', True)
    """
    return "–" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def voxel_table(methods: Sequence[Method], *, scans: str = "scans") -> Table:
    """Overlap pooled over all voxels, and means over scans with the number scored and undefined.

    Distances are in mm, or in pixels where none is defined in mm; `scans` is what the samples are called.
    """
    unit = _unit_of([name for m in methods for name, score in m.per_scan.items() if score.n])
    columns: list[tuple[str, str, int, Callable[[Method], Cell]]] = [
        (HEADINGS.get(name, name.capitalize()), "", HIGH, _pooled(name))
        for name in ("precision", "recall", "f1", "jaccard")
    ]
    columns += [("Dice", "", HIGH, _per_scan("dice", digits=3))]
    columns += [
        (HEADINGS[name], LONG_UNITS[unit], LOW, _per_scan(f"{name}_{unit}", digits=1))
        for name in ("hd95", "assd")
    ]
    return Table(
        groups=[("all voxels together", 4), (f"mean ± SD over {scans}", 3)],
        headings=[(heading, unit) for heading, unit, _, _ in columns],
        rows=_mark_best(
            [_row(m, [cell(m) for _, _, _, cell in columns]) for m in methods], [c[2] for c in columns]
        ),
    )


def lesion_table(methods: Sequence[Method], *, scans: str = "scans") -> Table | None:
    """Lesions of the reference found or not, and false detections; None where nobody counted."""
    methods = [m for m in methods if m.lesions is not None]
    if not methods:
        return None
    counts = ("truth", "detected", "missed", "false", "merges", "splits")
    rates = ("recall", "precision", "f1")
    rows = []
    for method in methods:
        cells = [Cell(to_count(getattr(method.lesions, name))) for name in counts]
        cells += [_rate(getattr(method.lesions, name), method) for name in rates]
        rows.append(_row(method, cells))
    headings = [("in reference", "")] + [(name, "") for name in counts[1:]]
    headings += [(HEADINGS.get(name, name.capitalize()), "") for name in rates]
    return Table(
        groups=[(f"lesions, all {scans} together", len(counts)), ("rates", len(rates))],
        headings=headings,
        rows=_mark_best(rows, [PLAIN] * len(counts) + [HIGH] * len(rates)),
    )


def subject_table(rows: Sequence[Mapping[str, str]]) -> Table:
    """One row a scan, from the lines of `subjects.csv` of one method; distances as in `voxel_table`."""
    unit = _unit_of([name for row in rows for name, text in row.items() if text])
    lesions = [
        name for name in ("truth", "detected", "missed", "false") if f"lesions_{name}" in (rows or [{}])[0]
    ]
    table = []
    for row in rows:
        cells = [_read_cell(row.get(name, ""), digits=3) for name in OVERLAPS]
        cells += [_read_cell(row.get(f"{name}_{unit}", ""), digits=1) for name in DISTANCES]
        cells += [_read_cell(row.get(f"lesions_{name}", ""), digits=0) for name in lesions]
        sample, subject = row.get("sample_id", ""), row.get("subject_id", "")
        table.append(Row(label=sample if subject in (sample, "") else f"{sample} ({subject})", cells=cells))
    groups = [("overlap", len(OVERLAPS)), ("surface distance", len(DISTANCES))]
    headings = [("Dice = F" if name == "dice" else name.capitalize(), "") for name in OVERLAPS]
    headings += [(HEADINGS[name], LONG_UNITS[unit]) for name in DISTANCES]
    headings += [("in reference" if name == "truth" else name, "") for name in lesions]
    return Table(
        groups=groups + ([("lesions", len(lesions))] if lesions else []), headings=headings, rows=table
    )


def _row(method: Method, cells: list[Cell]) -> Row:
    return Row(
        label=method.label or method.name,
        cells=cells,
        network=method.name == "network",
        collapsed=method.collapsed,
    )


def _unit_of(defined: Sequence[str]) -> str:
    """The unit of distances, from the names of the scores that are defined somewhere.

    >>> _unit_of(["dice", "hd95_px"]), _unit_of(["hd95_px", "hd95_mm"]), _unit_of(["dice"])
    ('px', 'mm', 'mm')
    """
    units = {unit for unit in LONG_UNITS for name in DISTANCES if f"{name}_{unit}" in defined}
    return "px" if units == {"px"} else "mm"


def _pooled(name: str) -> Callable[[Method], Cell]:
    return lambda method: _rate(getattr(method.pooled, name), method)


def _rate(value: float, method: Method) -> Cell:
    """A rate; that of a collapsed method says so, for it measures nothing the network has learned."""
    if method.collapsed:
        return Cell("collapsed", undefined=True)
    return Cell(to_figure(value), value=value, undefined=not isfinite(value))


def _per_scan(name: str, *, digits: int) -> Callable[[Method], Cell]:
    def cell(method: Method) -> Cell:
        if name.endswith("_px") and name not in method.per_scan:
            return Cell("–")  # in pixels the network alone is measured
        score = method.per_scan.get(name, PerScan())
        note = _scored(score.n, method.counts.scans)
        if method.collapsed:
            return Cell("collapsed", note=note, undefined=True)
        if not isfinite(score.mean):
            return Cell("undefined", note=note, undefined=True)
        spread = f" ± {score.sd:.{digits}f}" if isfinite(score.sd) else ""
        return Cell(f"{score.mean:.{digits}f}{spread}", note=note, value=score.mean)

    return cell


def _scored(n: Count, scans: Count) -> str:
    """How many scans a mean stands on.

    >>> _scored(3, 4), _scored(4, 4), _scored(None, 4)
    ('n 3, undefined in 1', 'n 4', '')
    """
    if n is None:
        return ""
    missing = (scans or n) - n
    return f"n {n}" + (f", undefined in {missing}" if missing > 0 else "")


def _read_cell(text: str, *, digits: int) -> Cell:
    try:
        value = float(text) if text else nan
    except ValueError:
        return Cell(text)
    return Cell(to_figure(value, digits=digits), value=value, undefined=not isfinite(value))


def _mark_best(rows: list[Row], directions: Sequence[int]) -> list[Row]:
    """Mark the best of each column, and all that print the same, where at least two can be compared."""
    best: dict[int, str] = {}
    for column, direction in enumerate(directions):
        defined = [row.cells[column] for row in rows if isfinite(row.cells[column].value)]
        if direction != PLAIN and len(defined) > 1:
            best[column] = max(defined, key=lambda cell: direction * cell.value).text
    return [
        replace(row, cells=[replace(c, best=best.get(n) == c.text) for n, c in enumerate(row.cells)])
        for row in rows
    ]
