"""Identity in a text table: what its columns are called and what stands in them."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from monai_mri.manifest.identity.keyed import age_hits, reason_of_key
from monai_mri.manifest.identity.languages import MAY_BE_PERSON, plain_name
from monai_mri.manifest.identity.redact import redact
from monai_mri.manifest.identity.traces import may_hold_traces, traces
from monai_mri.manifest.identity.vocabulary import is_placeholder

_IDS = re.compile(
    r"(subject|participant|patient|person|case|record|study|session|scan|exam)s?_?(id|no|nr|number)?", re.I
)
_VAGUE = re.compile(
    r"(patient|case|record|hospital|exam)_?(id|no|nr|number)|initials|patient|name|title|reader|rater|"
    r"operator|technician|physician|doctor|user|username|author|creator|artist|owner|experimenter",
    re.I,
)
_NAME_CELL = re.compile(r"[A-Z][\w'-]{1,20}(?:,? |[_^,])[A-Z][\w'-]{1,20}(?:[ _^][A-Z][\w'.-]{0,20})?")
_AGES = ("age", "age_years", "age_at_scan")
_EXCEL_SEPARATOR = re.compile(r"\"?sep=([;,|\t])\"?[;,|\t ]*\r?\n", re.IGNORECASE)  # its first line
_TO_ZERO = str.maketrans("123456789", "000000000")
_PLACED = 100  # values are met in the order of the rows, so that the first is among these
MOST_BYTES = 64 * 2**20


class Column(NamedTuple):
    """What a column of a table gives away: a kind, how many cells do, the first one's row and value."""

    code: str
    column: str
    what: str
    cells: int
    row: int
    value: str

    @property
    def found(self) -> str:
        """The finding in words, its value redacted."""
        many = "1 cell" if self.cells == 1 else f"{self.cells} cells"
        place = f"first in row {self.row} ({redact(self.value)!r})"
        return f"column {_named(self.column)}: {many} with {self.what}, {place}"


def column_traces(
    columns: Mapping[str, Sequence[str]], *, paths: Sequence[str] = (), first_row: int = 2
) -> Iterator[Column]:
    """What the columns of a table give away, each kind once a column.

    `paths` names columns that hold file names. Rows are counted as a spreadsheet does, the header is row 1.

    >>> [found.what for found in column_traces({"dob": ["1950-01-02"], "edss": ["1.5"]})]
    ["what the column's name says"]
    """
    for name, cells in columns.items():
        for trace in traces(name, names=False):
            yield Column("W804", name, f"a {trace.kind} in its name", len(cells), 1, trace.value)
        yield from _column(name, cells, is_path=name in paths, first_row=first_row)


def read_columns(path: Path) -> dict[str, list[str]]:
    """The columns of a text table of any delimiter, as text; a line without delimiters is one cell.

    Bytes beyond the first 64 MiB are not read. Text that is not UTF-8 is read as Latin-1.
    """
    with path.open("rb") as stream:
        content = stream.read(MOST_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    text = text.replace("\0", " ")
    if said := _EXCEL_SEPARATOR.match(text):
        text = text[said.end() :]
    head = text[: text.find("\n") if "\n" in text else len(text)][:100_000]
    delimiter = said[1] if said else max("\t;,|", key=head.count)
    columns: dict[str, list[str]] = {}
    names: list[str] = []
    for cells in _rows(text, delimiter):
        if not names:
            for cell in cells:
                name = cell.strip() or "column"
                names.append(f"{name} ({len(names) + 1})" if name in names else name)
            columns = {name: [] for name in names}
            continue
        for number, name in enumerate(names):
            columns[name].append(cells[number] if number < len(cells) else "")
    return columns


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """The cells of each row, however long.

    The csv module refuses long cells, and its limit is that of the whole process, which other threads need.
    """
    stream, at = io.StringIO(text, newline=""), 0
    while at < len(text):
        try:
            for cells in csv.reader(stream, delimiter=delimiter):
                at = stream.tell()
                yield cells
            return
        except csv.Error:
            cells, at = _long_row(text, at, delimiter)
            yield cells
            stream.seek(at)


def _long_row(text: str, at: int, delimiter: str) -> tuple[list[str], int]:
    """The cells of the row that begins at a place, and where the next begins."""
    cells: list[str] = []
    border = re.compile(rf"{re.escape(delimiter)}|\r\n?|\n")
    while True:
        quoted = ""
        if text.startswith('"', at):
            quoted, at = _quoted(text, at + 1)
        found = border.search(text, at)
        cells.append(quoted + text[at : found.start() if found else len(text)])
        at = found.end() if found else len(text)
        if found is None or found[0] != delimiter:
            return cells, at


def _quoted(text: str, at: int) -> tuple[str, int]:
    """What stands in quotes from a place on, and where it ends: at the end of the text, if nowhere."""
    pieces: list[str] = []
    while (end := text.find('"', at)) >= 0:
        pieces.append(text[at:end])
        if not text.startswith('"', end + 1):
            return "".join(pieces), end + 1
        pieces.append('"')
        at = end + 2
    return "".join([*pieces, text[at:]]), len(text)


def _column(name: str, cells: Sequence[str], *, is_path: bool, first_row: int) -> Iterator[Column]:
    counts = Counter(cells)
    counts.pop("", None)
    if not is_path and reason_of_key(name) in ("person", "site"):
        told = [cell for cell in counts if not is_placeholder(cell)]
        if named := _judged_by_name(name, told):
            what = "what the column's name says" if named == "E803" else "what may name a person or a site"
            yield _sum(named, name, what, [(cell, cell) for cell in told], cells, counts, first_row)
            return
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for cell in _worth_a_look(counts, every=not is_path and name.lower() in _AGES):
        for code, what, value in _cell_traces(name, cell, is_path=is_path):
            groups.setdefault((code, what), []).append((cell, value))
    for (code, what), found in groups.items():
        yield _sum(code, name, what, found, cells, counts, first_row)


def _worth_a_look(cells: Iterable[str], *, every: bool) -> Iterator[str]:
    """Cells that may hold a trace; each pattern of letters and digits is judged once, to be quick."""
    known: dict[str, bool] = {}
    for cell in cells:
        shape = cell.translate(_TO_ZERO)
        if shape not in known:
            known[shape] = every or may_hold_traces(shape)
        if known[shape] and not is_placeholder(cell):
            yield cell


def _judged_by_name(name: str, cells: list[str]) -> str:
    """E803 or W804 where the column's name alone says that its cells identify; else empty."""
    reason = reason_of_key(name)
    if not cells or reason not in ("person", "site") or name == "site":
        return ""
    if reason == "site":
        return "W806"
    if not (_VAGUE.fullmatch(name.strip()) or plain_name(name) in MAY_BE_PERSON):
        return "E803"
    looks = sum(_NAME_CELL.fullmatch(cell.strip()) is not None for cell in cells)
    return "E803" if looks * 2 > len(cells) else "W804"


def _cell_traces(name: str, cell: str, *, is_path: bool) -> Iterator[tuple[str, str, str]]:
    is_id = _IDS.fullmatch(name.strip()) is not None
    if not is_path and name.lower() in _AGES:
        for hit in age_hits(name, cell):
            yield "W804", "an age over 89", hit.value
    for trace in traces(cell, names=is_id or is_path, numbers=is_id or is_path):
        code = "E803" if trace.kind in ("e-mail address", "telephone number") else "W804"
        what = f"an {trace.kind}" if trace.kind[0] in "ae" else f"a {trace.kind}"
        yield code, f"{what} in a file name" if is_path else what, trace.value


def _sum(
    code: str,
    name: str,
    what: str,
    found: Sequence[tuple[str, str]],
    cells: Sequence[str],
    counts: Counter[str],
    first_row: int,
) -> Column:
    """The column's finding from cells, each with the piece that gives it away."""
    place, value = min((cells.index(cell), value) for cell, value in found[:_PLACED])
    return Column(code, name, what, sum(counts[cell] for cell, _ in found), first_row + place, value)


def _named(column: str) -> str:
    hidden = next(traces(column), None)
    return repr(redact(column) if hidden else column[:40])
