"""A manifest's CSV: everything is text, and whatever is wrong with it is said in one line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monai_mri.faults import Fault
from monai_mri.images.names import is_image_name
from monai_mri.manifest.paths import path_fault
from monai_mri.manifest.schema import CORE_COLUMNS
from monai_mri.manifest.text import CsvText, read_csv_text

if TYPE_CHECKING:
    import pandas as pd

# Spreadsheets run a cell that starts so as a formula; an apostrophe in front makes it text (OWASP).
# A plain number, such as -1.5, is none.
_FORMULA = re.compile(r"(?![+-]?\d+(\.\d*)?([eE][+-]?\d+)?\Z)'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_TO_QUOTE = re.compile(r'[,"\r\n]')


def read_table(path: Path, *, images: Sequence[str] | None = None) -> tuple[pd.DataFrame, str]:
    """The table of a manifest's CSV, every cell a string, and the SHA-256 of the file's bytes.

    UTF-8 with or without a byte-order mark, commas, one header line. An empty cell is a missing
    value; ids such as "001" and "NA" stay as they are; cells escaped by `table_bytes` come back as
    they were. Core columns that the file lacks are added empty. `images` names the columns that hold
    image paths; without it they are the columns whose cells end like an image file.

    Raises:
        ManifestError: what is wrong first, with file and line.
    """
    text = read_csv_text(path)
    plain(text)
    for fault in [*text.faults, *table_faults(text, images=images)]:
        raise fault.error()
    return frame(text.header, text.rows), text.sha256


def table_bytes(table: pd.DataFrame) -> bytes:
    r"""The CSV of a table: UTF-8, comma, `\n`; the same table always gives the same bytes.

    Cells that a spreadsheet would run as a formula (first character = + - @, tab or carriage
    return, unless they are a number) get an apostrophe in front; `read_table` takes it off again.
    """
    rows = [tuple(table.columns), *table.itertuples(index=False, name=None)]
    return "".join(",".join(_quoted(escape(cell)) for cell in row) + "\n" for row in rows).encode()


def as_table(
    rows: pd.DataFrame | Sequence[Mapping[str, Any]], *, where: Path, images: Sequence[str] | None = None
) -> pd.DataFrame:
    """Rows as a manifest's table: core columns first, every cell a string, None and nan empty.

    Raises:
        ManifestError: a fault that `read_table` would refuse; `where` names the file in the message.
    """
    import pandas as pd

    given = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows), dtype=object)
    header = [str(column) for column in given.columns]
    given = given.astype(object).where(given.notna(), "")
    cells = [[str(cell) for cell in row] for row in given.itertuples(index=False, name=None)]
    text = CsvText(where, header=header, rows=cells, lines=list(range(2, len(cells) + 2)))
    for fault in table_faults(text, images=images):
        raise fault.error()
    return frame(header, cells)


def table_faults(text: CsvText, *, images: Sequence[str] | None = None) -> Iterator[Fault]:
    """What is wrong with a table that could be parsed, all of it, the header first.

    Without a column `subject_id` only the header is looked at; of two columns with one name the last counts.
    """
    yield from _header_faults(f"{text.path}:1", text.header)
    if "subject_id" not in text.header:
        return
    if not text.rows:
        todo = "add rows, or make the manifest again"
        yield Fault("E512", str(text.path), "no rows", "one row an image", todo)
        return
    yield from _row_faults(text)
    for column in path_columns(text.columns) if images is None else [*images, "mask"]:
        if column in text.header:
            yield from _path_faults(text, column)


def path_columns(columns: Mapping[str, Iterable[str]]) -> list[str]:
    """Columns that hold image paths: `mask`, and each with a cell that ends like an image file."""
    return [
        name
        for name, cells in columns.items()
        if name == "mask" or (name not in CORE_COLUMNS and any(map(is_image_name, set(cells))))
    ]


def plain(text: CsvText) -> None:
    """Take off the apostrophes that `table_bytes` put before cells that look like formulas."""
    text.header[:] = [unescape(cell) for cell in text.header]
    for row in text.rows:
        for index, cell in enumerate(row):
            if cell[:1] == "'":
                row[index] = unescape(cell)


def frame(header: Sequence[str], rows: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Rows as a DataFrame of text, core columns first."""
    import pandas as pd

    cells = zip(*rows, strict=True) if rows else ([] for _ in header)
    columns = dict(zip(header, cells, strict=True))
    ordered = [*CORE_COLUMNS, *(column for column in header if column not in CORE_COLUMNS)]
    return pd.DataFrame(
        {column: pd.Series(columns.get(column, [""] * len(rows)), dtype=str) for column in ordered}
    )


def escape(cell: str) -> str:
    """A cell as it is written, so that no spreadsheet runs it.

    >>> escape("=1+1"), unescape(escape("=1+1")), unescape(escape("'=1")), escape("-1.5")
    ("'=1+1", '=1+1', "'=1", '-1.5')
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unescape(cell: str) -> str:
    """A cell as it was before `escape`."""
    return cell[1:] if cell[:1] == "'" and _ESCAPED.match(cell) else cell


def _quoted(cell: str) -> str:
    # csv.writer leaves a lone carriage return unquoted, and then no reader takes it back.
    return '"' + cell.replace('"', '""') + '"' if _TO_QUOTE.search(cell) else cell


def _header_faults(where: str, header: Sequence[str]) -> Iterator[Fault]:
    if "subject_id" not in header:
        columns = ", ".join(header)[:200]
        yield Fault("E512", where, f"columns {columns}", "a column subject_id", "add or rename that column")
    for column in header:
        if column != column.strip() or not column:
            todo = "correct the header line"
            yield Fault("E512", where, f"a column named {column!r}", "names without spaces around", todo)
    for column in sorted(column for column, count in Counter(header).items() if count > 1):
        yield Fault("E504", where, f"column {column!r} twice", "each column once", "rename or delete one")


def _row_faults(text: CsvText) -> Iterator[Fault]:
    """Rows without a subject, and rows that stand twice."""
    subject = text.header.index("subject_id")
    seen: dict[int, int] = {}
    for index, row in enumerate(text.rows):
        where = f"{text.path}:{text.lines[index]}"
        if not row[subject].strip():
            yield Fault("E512", where, "subject_id is empty", "an id", "write the subject's id")
        elif not row[subject].isprintable():
            found = "subject_id holds a line break or another control character"
            yield Fault("E512", where, found, "an id in one line", "correct that cell")
        first = seen.setdefault(hash(tuple(row)), index)
        if first != index and text.rows[first] == row:
            found = f"the row of line {text.lines[first]} again"
            yield Fault("E508", where, found, "each once", "delete one")


def _path_faults(text: CsvText, column: str) -> Iterator[Fault]:
    for cell, line in zip(text.columns[column], text.lines, strict=True):
        if why := path_fault(cell):
            expected = "a path relative to the manifest's root, with / between folders"
            found = f"{why} ({column} is {cell[:200]!r})"
            yield Fault("E509", f"{text.path}:{line}", found, expected, "correct that cell")
