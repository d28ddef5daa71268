"""Tables as text, Markdown and CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from monai_mri.study.figures import Figure
from monai_mri.study.table import Cell, Table


def as_text(tables: Sequence[Table]) -> str:
    """For a terminal: columns under their names, notes below; three decimals."""
    return "\n\n".join(_text(table) for table in tables)


def as_markdown(tables: Sequence[Table]) -> str:
    """Each table with its title and notes, in Markdown."""
    return "\n\n".join(_markdown(table) for table in tables)


def as_csv(tables: Sequence[Table]) -> str:
    """One table with all lines, numbers in full; undefined and missing figures are empty cells.

    A figure with an interval or an SD has further columns, such as `accuracy low`. The notes are left out.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for place, table in enumerate(tables):
        if not place:
            names = [_named(heading.name, part) for heading in table.headings for part in heading.parts]
            writer.writerow([*table.about, table.label, "state", *names])
        for line in table.lines:
            cells = [
                _number(cell, part)
                for cell, heading in zip(line.cells, table.headings, strict=True)
                for part in heading.parts
            ]
            writer.writerow([*table.about.values(), line.label, line.state, *cells])
    return text.getvalue().removesuffix("\n")


def _text(table: Table) -> str:
    rows = _rows(table)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        first = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        rest = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  ".join([*first, *rest]).rstrip())
    return "\n".join([table.title, "", *lines, "", *table.notes])


def _markdown(table: Table) -> str:
    head, *body = [[cell.replace("|", r"\|").replace("*", r"\*") for cell in row] for row in _rows(table)]
    rows = [head, ["---"] * 2 + ["---:"] * (len(head) - 2), *body]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    notes = [f"- {note.replace('*', chr(92) + '*')}" for note in table.notes]
    return "\n".join([f"**{table.title}**", "", *lines, "", *notes])


def _rows(table: Table) -> list[list[str]]:
    head = [table.label, "state", *(heading.short for heading in table.headings)]
    return [head, *([line.label, line.state, *map(_shown, line.cells)] for line in table.lines)]


def _shown(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    if math.isnan(cell.value):
        return "undefined"
    between = "" if math.isnan(cell.low) or math.isnan(cell.high) else f" [{cell.low:.3f}, {cell.high:.3f}]"
    return f"{cell.value:.3f}" + between + ("" if math.isnan(cell.sd) else f" ± {cell.sd:.3f}")


def _named(name: str, part: str) -> str:
    return name if part == "value" else f"{name} {part}"


def _number(cell: Cell, part: str) -> str:
    value = getattr(cell, part) if isinstance(cell, Figure) else math.nan
    return "" if math.isnan(value) else repr(round(value, 12))
