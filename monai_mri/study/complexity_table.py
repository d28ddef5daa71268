"""The table of what networks cost, as text, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

from monai_mri.study.complexity import Candidate, Complexity, NetworkCost

HEAD = ("variants", "network", "input", "batch", "parameters", "trainable")
FIGURES = ("GFLOPs", "ms/step", "ms/forward", "weights MB", "peak MB")
TEXTS = 3  # columns of HEAD that are no numbers
ROOM = (5, 11, 11, 6, 8, 10, 10, 8)  # for numbers that are not known yet: most figures fit


def complexity_text(found: Complexity) -> str:
    """For a terminal: columns under their names, notes below; three digits that count."""
    rows = _rows(found)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    return "\n".join([_title(found), "", *lines, "", *found.notes])


def next_lines(found: Complexity) -> str:
    """What a terminal is shown when a further row is known: its line, and before the first row what is above.

    The widths of columns are those of all rows to come, so that one line fits below the other. The notes
    belong below the last.
    """
    texts = [_texts(one) for one in (*found.rows, *found.waiting)]
    wide = [max(map(len, column)) for column in zip(HEAD[:TEXTS], *texts, strict=True)]
    numbers = [max(len(name), room) for name, room in zip([*HEAD[TEXTS:], *FIGURES], ROOM, strict=True)]
    line = _line(_rows(found)[-1], [*wide, *numbers])
    return line if found.rows else "\n".join([_title(found), "", line])


def complexity_markdown(found: Complexity) -> str:
    """The table with its title and notes, in Markdown."""
    head, *body = [[cell.replace("|", r"\|").replace("_", r"\_") for cell in row] for row in _rows(found)]
    rule = ["---"] * TEXTS + ["---:"] * (len(head) - TEXTS)
    lines = [f"| {' | '.join(row)} |" for row in (head, rule, *body)]
    return "\n".join([f"**{_title(found)}**", "", *lines, "", *(f"- {note}" for note in found.notes)])


def complexity_csv(found: Complexity) -> str:
    """A line a network, numbers in full; undefined is an empty cell. The notes are left out."""
    lines = [_facts(found, row) for row in found.rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    for line in lines:
        joined = {**line, "variants": " ".join(line["variants"]), "input": "x".join(map(str, line["input"]))}
        writer.writerow({key: "" if value is None else value for key, value in joined.items()})
    return text.getvalue().removesuffix("\n")


def complexity_json(found: Complexity) -> str:
    """An object with a list of `networks`, numbers in full; undefined is null."""
    content = {
        "study": found.study,
        "networks": [_facts(found, row) for row in found.rows],
        "notes": found.notes,
    }
    return json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.ljust(width) if place < TEXTS else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _texts(one: Candidate) -> list[str]:
    return [", ".join(one.variants), one.network, " x ".join(map(str, one.shape))]


def _facts(found: Complexity, row: NetworkCost) -> dict[str, Any]:
    cost = row.cost
    return {
        "variants": list(row.variants),
        "network": row.network,
        "input": list(row.shape),
        "batch_size": row.batch_size,
        "parameters": cost.parameters,
        "trainable_parameters": cost.trainable_parameters,
        "flops": cost.flops,
        "step_ms": _defined(cost.step_ms),
        "steps": cost.steps,
        "forward_ms": _defined(cost.forward_ms),
        "weights_mb": _defined(cost.weights_mb),
        "step_mb": _defined(cost.step_mb),
        "precision": row.precision,
        "device": found.device,
        "threads": found.threads,
        "torch": found.torch,
    }


def _title(found: Complexity) -> str:
    precision = " and ".join(dict.fromkeys(row.precision for row in (*found.rows, *found.waiting)))
    return f"{found.study} on {found.device}, {found.threads} threads, {precision}, PyTorch {found.torch}"


def _rows(found: Complexity) -> list[list[str]]:
    rows = [[*HEAD, *FIGURES]]
    for row in found.rows:
        cost = row.cost
        counts = [f"{number:,}" for number in (row.batch_size, cost.parameters, cost.trainable_parameters)]
        figures = [cost.flops / 1e9, cost.step_ms, cost.forward_ms, cost.weights_mb, cost.step_mb]
        rows.append([*_texts(row), *counts, *map(_shown, figures)])
    return rows


def _shown(value: float) -> str:
    """Three digits that count.

    >>> _shown(12345.6), _shown(1.2345), _shown(0.012345), _shown(math.nan)
    ('12,346', '1.23', '0.0123', 'undefined')
    """
    if math.isnan(value):
        return "undefined"
    decimals = 0 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}"


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
