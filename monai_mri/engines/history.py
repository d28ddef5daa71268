"""One line an epoch: what was learnt so far, as CSV and JSON lines."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

from monai_mri.engines.durable import write_text_durably

Row = dict[str, float]


def write_history(folder: Path, rows: list[Row]) -> None:
    """Write `history.csv` and `history.jsonl` anew, whole; undefined numbers are empty and null.

    Epochs of an older version may lack a column: its cells are empty there.
    """
    text = io.StringIO()
    if rows:
        names = list(dict.fromkeys(name for row in rows for name in row))
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(row.get(name, math.nan)) for name in names] for row in rows)
    write_text_durably(folder / "history.csv", text.getvalue())
    lines = [json.dumps({key: _null(value) for key, value in row.items()}) for row in rows]
    write_text_durably(folder / "history.jsonl", "".join(f"{line}\n" for line in lines))


def _cell(value: float) -> str:
    if not math.isfinite(value):
        return ""
    return str(value) if isinstance(value, int) else repr(float(value))


def _null(value: float) -> float | None:
    return value if math.isfinite(value) else None
