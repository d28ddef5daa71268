"""A cohort's summary as aligned text, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite, nan
from typing import Any

from monai_mri.manifest.summary.model import Categorical, Cohort, Continuous, Count, Numbers
from monai_mri.manifest.table import escape

UNDEFINED = "–"
HIDDEN = "*"
LONGEST = 60  # characters of a level that are shown


@dataclass(frozen=True)
class Line:
    """One line of the table: a variable (`level` empty) or one of its levels, a cell a group, the SMD."""

    variable: str
    level: str
    cells: tuple[str, ...]
    smd: str = ""


def table_lines(cohort: Cohort) -> list[Line]:
    """The table's lines in order: sizes, then each variable with its levels, then images.

    Percentages are of what is not missing. Undefined figures are "–", small counts that were masked such
    as "<5", others that would tell them "*".
    """
    tell = _Teller(cohort)
    lines = [
        Line("subjects", "", tuple(tell.count(group.subjects) for group in cohort.groups)),
        Line("scans", "", tuple(tell.count(group.scans) for group in cohort.groups)),
    ]
    for variable in cohort.variables:
        lines += tell.continuous(variable) if isinstance(variable, Continuous) else tell.categorical(variable)
    for variable in cohort.images:
        lines += tell.categorical(variable)
    lines += [tell.without(variable) for variable in cohort.missing]
    return lines


def as_text(cohort: Cohort) -> str:
    """The table as aligned text, with the notes below."""
    lines = table_lines(cohort)
    table = [_header(cohort, first=""), *([_label(line), *line.cells, line.smd] for line in lines)]
    if not cohort.by:
        table = [row[:-1] for row in table]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    text = "\n".join(
        "  ".join(
            f"{cell:<{width}}" if column == 0 else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    )
    notes = [*cohort.notes, *undefined_notes(cohort)]
    return "\n".join([text, *([""] if notes else []), *(f"note: {printable(note)}" for note in notes)])


def as_csv(cohort: Cohort) -> str:
    """The table as CSV: variable, level, a column a group, SMD; no cell runs as a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    header = _header(cohort, first="variable")
    writer.writerow([escape(cell) for cell in [header[0], "level", *header[1:]]])
    for line in table_lines(cohort):
        writer.writerow([escape(cell) for cell in (line.variable, line.level, *line.cells, line.smd)])
    return stream.getvalue()


def as_json(cohort: Cohort) -> str:
    """Everything that was found, as JSON; undefined figures are null, masked counts "small" or "hidden"."""
    return json.dumps(_plain(asdict(cohort)), indent=1, ensure_ascii=False, allow_nan=False)


def undefined_notes(cohort: Cohort) -> list[str]:
    """A note a variable whose difference is undefined for some pair of groups but not for all."""
    return [
        f"SMD of {variable.name} is undefined between {_pairs(variable)}; the largest of the others is shown"
        for variable in cohort.variables
        if isfinite(variable.smd) and not all(isfinite(value) for _, _, value in variable.pairs)
    ]


def printable(text: str) -> str:
    """A text without control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


class _Teller:
    """Figures as text, with what is masked in this cohort."""

    def __init__(self, cohort: Cohort) -> None:
        self.masked: dict[Count, str] = {"small": f"<{cohort.min_count}", "hidden": HIDDEN}

    def count(self, count: Count) -> str:
        return self.masked.get(count, str(count))

    def shares(self, counts: Sequence[Count], totals: Sequence[float]) -> tuple[str, ...]:
        return tuple(
            f"{count} ({100 * count / total:.1f} %)"
            if isinstance(count, int) and total > 0
            else self.count(count)
            for count, total in zip(counts, totals, strict=True)
        )

    def continuous(self, variable: Continuous) -> list[Line]:
        name, numbers = variable.name, variable.numbers
        lines = [
            Line(
                f"{name}, {variable.unit}",
                "",
                tuple(self.count(found.n) for found in numbers),
                _smd(variable.smd),
            )
        ]
        lines.append(Line(name, "mean ± SD", tuple(map(_mean, numbers))))
        lines.append(Line(name, "median [IQR]", tuple(map(_median, numbers))))
        if any(found.missing != 0 for found in numbers):
            lines.append(Line(name, "missing", tuple(self.count(found.missing) for found in numbers)))
        return lines

    def categorical(self, variable: Categorical) -> list[Line]:
        columns = list(zip(*variable.counts, strict=True)) or [()] * len(variable.missing)
        totals = [_total(column) for column in columns]
        empty = ("",) * len(variable.missing)
        lines = [Line(f"{variable.name}, {variable.unit} (%)", "", empty, _smd(variable.smd))]
        for level, counts in zip(variable.levels, variable.counts, strict=True):
            lines.append(Line(variable.name, level, self.shares(counts, totals)))
        if any(count != 0 for count in variable.missing):
            lines.append(Line(variable.name, "missing", tuple(map(self.count, variable.missing))))
        return lines

    def without(self, variable: Categorical) -> Line:
        counts = variable.counts[variable.levels.index("none")]
        there = variable.counts[variable.levels.index("there")]
        totals = [_total(pair) for pair in zip(counts, there, strict=True)]
        return Line(f"{variable.name}, {variable.unit} (%)", "", self.shares(counts, totals))


def _total(counts: Sequence[Count]) -> float:
    """The sum of counts; nan where one is masked."""
    told = [count for count in counts if isinstance(count, int)]
    return sum(told) if len(told) == len(counts) else nan


def _header(cohort: Cohort, *, first: str) -> list[str]:
    smd = "SMD" if len(cohort.groups) <= 3 else "largest SMD"
    return [first, *(printable(group.name) for group in cohort.groups), smd]


def _label(line: Line) -> str:
    level = line.level if len(line.level) <= LONGEST else line.level[: LONGEST - 1] + "…"
    return printable(f"  {level}" if level else line.variable)


def _mean(found: Numbers) -> str:
    if not isfinite(found.mean):
        return UNDEFINED
    return f"{_figure(found.mean)} ± {_figure(found.sd)}"


def _median(found: Numbers) -> str:
    if not isfinite(found.median):
        return UNDEFINED
    return f"{_figure(found.median)} [{_figure(found.q1)}, {_figure(found.q3)}]"


def _figure(value: float) -> str:
    """One decimal, or three figures of what is small or large.

    >>> _figure(41.25), _figure(0.0123), _figure(float("nan"))
    ('41.2', '0.0123', '–')
    """
    if not isfinite(value):
        return UNDEFINED
    return f"{value:.1f}" if value == 0 or 1 <= abs(value) < 1e5 else f"{value:.3g}"


def _smd(value: float) -> str:
    return f"{value:.2f}" if isfinite(value) else UNDEFINED


def _pairs(variable: Continuous | Categorical) -> str:
    return ", ".join(
        f"{first} and {second}" for first, second, value in variable.pairs if not isfinite(value)
    )


def _plain(value: Any) -> Any:
    """Mappings and lists as they are, nan as None."""
    if isinstance(value, dict):
        return {key: _plain(found) for key, found in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(found) for found in value]
    return None if isinstance(value, float) and not isfinite(value) else value
