"""The text of a CSV, whatever it is: bytes, encoding, delimiter, cells of each row."""

from __future__ import annotations

import csv
import hashlib
import io
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from monai_mri.errors import ManifestError
from monai_mri.faults import Fault

MOST_LINE_BYTES = 2**24  # 16 MiB: no row of a table is longer
MOST_BYTES = 2**31
MOST_COLUMNS = 2000
_PIECE_BYTES = 2**20
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass
class CsvText:
    """A header, rows of as many cells, and the line that each row ends on.

    `faults` says what could not be parsed; such rows are left out. `sha256` is that of the file's bytes,
    `bom` whether it starts with a byte-order mark.
    """

    path: Path
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    sha256: str = ""
    bom: bool = False
    faults: list[Fault] = field(default_factory=list)

    @cached_property
    def columns(self) -> dict[str, Sequence[str]]:
        """Each column's cells; of two columns with one name the last."""
        cells: Sequence[Sequence[str]] = list(zip(*self.rows, strict=True)) or [()] * len(self.header)
        return dict(zip(self.header, cells, strict=True))

    @cached_property
    def row_at(self) -> dict[int, int]:
        """The number of the row that ends on a line."""
        return {line: row for row, line in enumerate(self.lines)}


def read_csv_text(path: Path) -> CsvText:
    """The cells of a CSV: UTF-8 with or without byte-order mark, commas, one header line.

    What is wrong stands in `CsvText.faults`: E103 (empty), E501 (encoding, NUL bytes), E502 (delimiter),
    E505 (cells, quotes, or a line of more than 16 MiB).

    Raises:
        ManifestError: the file cannot be read at all.
    """
    content = _read_bytes(path)
    if isinstance(content, Fault):
        return CsvText(path, faults=[content])
    text = CsvText(path, sha256=hashlib.sha256(content).hexdigest(), bom=content.startswith(_BOM))
    decoded = _decode(path, content)
    if isinstance(decoded, Fault):
        text.faults.append(decoded)
        return text
    del content
    _parse(text, decoded)
    return text


def _read_bytes(path: Path) -> bytes | Fault:
    """The file's bytes; a fault where a line is endless, noticed before memory is full."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise ManifestError(f"{path}: {kind}, expected a readable CSV; check the path")
        with path.open("rb") as stream:
            if status.st_size > MOST_BYTES:
                found = f"{status.st_size / 2**30:.1f} GiB"
                todo = "check that it is a table of images, or split it"
                return Fault("E505", str(path), found, "a table of at most 2 GiB", todo)
            return _lines(path, stream)
    except OSError as error:
        raise ManifestError(
            f"{path}: {error.strerror or error}, expected a readable CSV; check the path"
        ) from error


def _lines(path: Path, stream: io.BufferedReader) -> bytes | Fault:
    pieces: list[bytes] = []
    number, since = 1, 0
    while piece := stream.read(_PIECE_BYTES):
        pieces.append(piece)
        newlines = piece.count(b"\n")
        since = len(piece) - piece.rfind(b"\n") - 1 if newlines else since + len(piece)
        number += newlines
        if since > MOST_LINE_BYTES:
            found, expected = "a line of more than 16 MiB", "lines of a table"
            return Fault("E505", f"{path}:{number}", found, expected, "check that it is a table of images")
    return b"".join(pieces)


def _decode(path: Path, content: bytes) -> str | Fault:
    if not content.removeprefix(_BOM).strip():
        return Fault("E103", str(path), "an empty file", "a header line and rows", "make it again")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        looks = "UTF-16" if content.startswith(_UTF16) else "Latin-1"
        return Fault(
            "E501", f"{path}:{line}", f"not UTF-8, looks like {looks}", "UTF-8", "save it again as UTF-8"
        )
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return Fault("E501", f"{path}:{line}", "a NUL byte", "UTF-8 text", "save it again as UTF-8 text")
    return text


def _parse(text: CsvText, decoded: str) -> None:
    reader = csv.reader(io.StringIO(decoded, newline=""), strict=True)
    try:
        for cells in reader:
            if not cells:
                continue
            if not text.header:
                text.header = cells
                if len(cells) > MOST_COLUMNS:
                    found, expected = f"{len(cells)} columns", f"at most {MOST_COLUMNS}"
                    todo = "check that it is a table of images"
                    text.faults.append(Fault("E505", f"{text.path}:{reader.line_num}", found, expected, todo))
                    text.header = []
                    return
                if fault := _delimiter_fault(f"{text.path}:{reader.line_num}", cells):
                    text.faults.append(fault)
                    return
            elif len(cells) != len(text.header):
                found, expected = f"{len(cells)} cells", f"{len(text.header)} as in the header"
                todo = "quote a cell that holds a comma, or add the missing one"
                text.faults.append(Fault("E505", f"{text.path}:{reader.line_num}", found, expected, todo))
            else:
                text.rows.append(cells)
                text.lines.append(reader.line_num)
    except csv.Error as error:
        found = f"not CSV ({error})"
        todo = "correct the quotes on that line"
        text.faults.append(Fault("E505", f"{text.path}:{reader.line_num}", found, "cells of text", todo))


def _delimiter_fault(where: str, header: Sequence[str]) -> Fault | None:
    for delimiter, name in _DELIMITERS.items():
        if len(header) == 1 and delimiter in header[0]:
            return Fault("E502", where, f"columns separated by {name}", "commas", "save it with commas")
    return None
