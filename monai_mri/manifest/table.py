"""A manifest's CSV: everything is text, and whatever is wrong with it is said in one line."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monai_mri.errors import ManifestError
from monai_mri.faults import Fault
from monai_mri.images.names import is_image_name
from monai_mri.manifest.paths import path_fault
from monai_mri.manifest.schema import CORE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

# Spreadsheets run a cell that starts so as a formula; an apostrophe in front makes it text (OWASP).
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_TO_QUOTE = re.compile(r'[,"\r\n]')
_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def read_table(path: Path, *, images: Sequence[str] | None = None) -> tuple[pd.DataFrame, str]:
    """The table of a manifest's CSV, every cell a string, and the SHA-256 of the file's bytes.

    UTF-8 with or without a byte-order mark, commas, one header line. An empty cell is a missing
    value; ids such as "001" and "NA" stay as they are; cells escaped by `table_bytes` come back as
    they were. Core columns that the file lacks are added empty. `images` names the columns that hold
    image paths; without it they are the columns whose cells end like an image file.

    Raises:
        ManifestError: what is wrong, with file and line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ManifestError(
            f"{path}: {error.strerror or error}, expected a readable CSV; check the path"
        ) from error
    header, rows, lines = _parse(path, _decode(path, content))
    for fault in _faults(path, header, rows, lines, images):
        raise fault.error()
    return _frame(header, rows), hashlib.sha256(content).hexdigest()


def table_bytes(table: pd.DataFrame) -> bytes:
    r"""The CSV of a table: UTF-8, comma, `\n`; the same table always gives the same bytes.

    Cells that a spreadsheet would run as a formula (first character = + - @, tab or carriage
    return) get an apostrophe in front; `read_table` takes it off again.
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

    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows), dtype=object)
    header = [str(column) for column in frame.columns]
    frame = frame.astype(object).where(frame.notna(), "")
    cells = [[str(cell) for cell in row] for row in frame.itertuples(index=False, name=None)]
    for fault in _faults(where, header, cells, range(2, len(cells) + 2), images):
        raise fault.error()
    return _frame(header, cells)


def path_columns(columns: Mapping[str, Iterable[str]]) -> list[str]:
    """Columns that hold image paths: `mask`, and each with a cell that ends like an image file."""
    return [
        name
        for name, cells in columns.items()
        if name == "mask" or (name not in CORE_COLUMNS and any(map(is_image_name, cells)))
    ]


def escape(cell: str) -> str:
    """A cell as it is written, so that no spreadsheet runs it.

    >>> escape("=1+1"), unescape(escape("=1+1")), unescape(escape("'=1"))
    ("'=1+1", '=1+1', "'=1")
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unescape(cell: str) -> str:
    """A cell as it was before `escape`."""
    return cell[1:] if cell[:1] == "'" and _ESCAPED.match(cell) else cell


def _quoted(cell: str) -> str:
    # csv.writer leaves a lone carriage return unquoted, and then no reader takes it back.
    return '"' + cell.replace('"', '""') + '"' if _TO_QUOTE.search(cell) else cell


def _decode(path: Path, content: bytes) -> str:
    if not content.strip():
        raise Fault("E103", str(path), "the file is empty", "a header line and rows", "make it again").error()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        looks = _BOMS.get(content[:2], "Latin-1")
        raise Fault(
            "E501", f"{path}:{line}", f"not UTF-8, looks like {looks}", "UTF-8", "save it again as UTF-8"
        ).error() from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        todo = "save it again as UTF-8 text"
        raise Fault("E501", f"{path}:{line}", "a NUL byte", "UTF-8 text", todo).error()
    return text


def _parse(path: Path, text: str) -> tuple[list[str], list[list[str]], list[int]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    header: list[str] = []
    try:
        for cells in reader:
            if not cells:
                continue
            if not header:
                header = _checked_header(f"{path}:{reader.line_num}", [unescape(cell) for cell in cells])
                continue
            if len(cells) != len(header):
                found = f"{len(cells)} cells"
                todo = "quote a cell that holds a comma, or add the missing one"
                where = f"{path}:{reader.line_num}"
                raise Fault("E505", where, found, f"{len(header)} as in the header", todo).error()
            rows.append([unescape(cell) for cell in cells])
            lines.append(reader.line_num)
    except csv.Error as error:
        where = f"{path}:{reader.line_num}"
        todo = "correct the quotes on that line"
        raise Fault("E505", where, f"not CSV ({error})", "cells of text", todo).error() from error
    return header, rows, lines


def _checked_header(where: str, header: list[str]) -> list[str]:
    for delimiter, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(header) == 1 and delimiter in header[0]:
            raise Fault(
                "E502", where, f"columns separated by {name}", "commas", "save it with commas"
            ).error()
    return header


def _faults(
    path: Path,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    lines: Sequence[int],
    images: Sequence[str] | None,
) -> Iterator[Fault]:
    """What is wrong with a table that could be parsed, the header first."""
    yield from _header_faults(f"{path}:1", header)
    if not rows:
        yield Fault("", str(path), "no rows", "one row an image", "add rows, or make the manifest again")
    subject = header.index("subject_id") if "subject_id" in header else None
    seen: dict[tuple[str, ...], int] = {}
    for row, line in zip(rows, lines, strict=True):
        if subject is not None and not row[subject].strip():
            yield Fault("", f"{path}:{line}", "subject_id is empty", "an id", "write the subject's id")
        first = seen.setdefault(tuple(row), line)
        if first != line:
            yield Fault("E508", f"{path}:{line}", f"the row of line {first} again", "each once", "delete one")
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    for column in path_columns(columns) if images is None else [*images, "mask"]:
        if column in columns:
            yield from _path_faults(path, column, columns[column], lines)


def _header_faults(where: str, header: Sequence[str]) -> Iterator[Fault]:
    if "subject_id" not in header:
        columns = ", ".join(header)[:200]
        yield Fault("", where, f"columns {columns}", "a column subject_id", "add or rename that column")
    for column in header:
        if column != column.strip() or not column:
            todo = "correct the header line"
            yield Fault("", where, f"a column named {column!r}", "names without spaces around", todo)
    for column in sorted({column for column in header if header.count(column) > 1}):
        yield Fault("E504", where, f"column {column!r} twice", "each column once", "rename or delete one")


def _path_faults(path: Path, column: str, cells: Sequence[str], lines: Sequence[int]) -> Iterator[Fault]:
    for cell, line in zip(cells, lines, strict=True):
        if why := path_fault(cell):
            expected = "a path relative to the manifest's root, with / between folders"
            found = f"{why} ({column} is {cell[:200]!r})"
            yield Fault("E509", f"{path}:{line}", found, expected, "correct that cell")


def _frame(header: Sequence[str], rows: Sequence[Sequence[str]]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame([list(row) for row in rows], columns=list(header), dtype=str)
    for column in CORE_COLUMNS:
        if column not in table:
            table[column] = ""
    table = table.astype(str)
    return table[[*CORE_COLUMNS, *(column for column in header if column not in CORE_COLUMNS)]]
