"""Tables of subjects that people bring along: participants.tsv, or what a spreadsheet exported."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from monai_mri.errors import UsageError
from monai_mri.faults import Fault
from monai_mri.manifest.table import unescape

ID_COLUMNS = ("participant_id", "subject_id", "id", "subject")
EXCEL_SEPARATOR = re.compile(r"(\"?sep=([;,|\t])\"?[;,|\t ]*)(?=[\r\n])", re.IGNORECASE)
MOST_BYTES = 256 * 2**20
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_MISSING = ("n/a", "N/A")  # BIDS writes a missing value so
_PERSON = re.compile(r"(?:sub|subj|subject|participant|patient|pat|p|s|id)[-_ ]*(?=\d)", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """A table as read: the names of its columns, and each row as text with the line it ends on."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    lines: tuple[int, ...]

    def where(self, number: int) -> str:
        """File and line of a row, for messages: they name no patient."""
        return f"{self.path}:{self.lines[number]}"


@dataclass(frozen=True)
class SubjectRow:
    """What a table says of one subject, without the column of ids, and in which line."""

    line: int
    cells: dict[str, str]


def read_subject_table(path: Path) -> Table:
    """The table in a CSV or TSV file: commas, semicolons, tabs or bars, found from the header line.

    A first line such as `sep=;`, as Excel has it, names the separator. UTF-8 with or without a byte-order
    mark. Every cell is text without spaces around it, ids keep their
    zeros; "n/a" becomes empty, and so does nothing else. Lines without any text are left out.

    Raises:
        ManifestError: no such file (E111), nothing in it (E103), larger than 256 MiB (E108), not UTF-8
            (E501), a column twice (E504), or a row that does not fit the header (E505).
    """
    text = _decoded(path, _content(path))
    said = EXCEL_SEPARATOR.match(text)
    text = text[said.end(1) :] if said else text  # the line's end stays, so that lines keep their numbers
    header_line = next((line for line in text.splitlines() if line.strip()), "")
    mark = said[2] if said else _delimiter(path, header_line)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        lines = [(reader.line_num, [_cell(cell) for cell in cells]) for cells in reader]
    except csv.Error as error:
        found = f"cells that cannot be told apart ({error})"
        todo = "correct the quotes on that line"
        where = f"{path}:{reader.line_num}"
        raise Fault("E505", where, found, "a table as text", todo).error() from error
    filled = [(line, cells) for line, cells in lines if any(cells)]
    if len(filled) < 2:
        todo = "add rows, or export the table again"
        raise Fault("", str(path), "no row under a header", "one row a subject", todo).error()
    return _table(path, *filled[0], filled[1:])


def id_column(table: Table, name: str = "") -> str:
    """The column that holds the subjects: `name`, else the first of `ID_COLUMNS` there is (any case).

    Raises:
        UsageError: there is none of that name.
        ManifestError: there is none of the usual names.
    """
    if name:
        return column_named(table, name, option="id")
    lower = {column.lower(): column for column in table.columns}
    for usual in ID_COLUMNS:
        if usual in lower:
            return lower[usual]
    found = f"no column of subjects among {_listed(table.columns)}"
    raise Fault("", str(table.path), found, f"one of {', '.join(ID_COLUMNS)}", "name it as id=COLUMN").error()


def column_named(table: Table, name: str, *, option: str) -> str:
    """The table's column of that name; where there is none, the one that differs only in case or spaces.

    Raises:
        UsageError: there is none.
    """
    if name in table.columns:
        return name
    near = [column for column in table.columns if tidy(column).lower() == tidy(name).lower()]
    if len(near) == 1:
        return near[0]
    close = get_close_matches(name, table.columns, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "choose one of those"
    columns = _listed(table.columns)
    raise UsageError(f"{option}: {table.path.name} has no column {name!r}, expected {columns}; {hint}")


def by_subject(table: Table, *, id: str = "") -> dict[str, SubjectRow]:
    """Each subject's row by its id as written; `id` names the column of subjects.

    Raises:
        UsageError: there is no column `id`.
        ManifestError: a row without an id, or two rows of one id ("01" and "sub-01" are one).
    """
    column = id_column(table, id)
    found: dict[str, SubjectRow] = {}
    first: dict[str, int] = {}
    for number, row in enumerate(table.rows):
        subject, line = row[column], table.lines[number]
        if not subject:
            todo = "write the subject's id there, or delete the row"
            raise Fault("", table.where(number), f"{column} is empty", "an id", todo).error()
        if first.setdefault(_bare(subject), line) != line:
            what = f"the subject of line {first[_bare(subject)]} again"
            raise Fault("", table.where(number), what, "one row a subject", "delete one of them").error()
        found[subject] = SubjectRow(line, {name: row[name] for name in table.columns if name != column})
    return found


def match_subjects(
    wanted: Iterable[str], rows: Mapping[str, SubjectRow], *, table: Path
) -> dict[str, SubjectRow]:
    """The row of each wanted subject that has one, also where the ids are written differently.

    An id is looked for as it is, then without "sub-", then without words such as "patient" and without
    leading zeros, so that the file of "patient01" finds the row of "1".

    Raises:
        ManifestError: an id fits two rows, or two ids fit one row (E503).
    """
    ids = sorted(set(wanted))
    index = {spelling: _index(rows, spelling) for spelling in _SPELLINGS}
    matches: dict[str, SubjectRow] = {}
    claimed: dict[int, str] = {}
    for subject in ids:
        fits = next((hits for key in _SPELLINGS if (hits := index[key].get(key(subject), []))), [])
        if len(fits) > 1:
            lines = " and ".join(str(row.line) for row in fits[:2])
            raise _ambiguous(table, f"lines {lines} both fit the subject {subject!r}")
        if fits:
            other = claimed.setdefault(fits[0].line, subject)
            if other != subject:
                raise _ambiguous(table, f"line {fits[0].line} fits the subjects {other!r} and {subject!r}")
            matches[subject] = fits[0]
    return matches


def manifest_columns(
    table: Table, *, drop: Collection[str] = (), taken: Iterable[str] = (), label: str = ""
) -> dict[str, str]:
    """The name in a manifest of each column but those of `drop`; the column `label` becomes "label".

    A name that the manifest needs for itself (`taken`) gets "_in_table" at its end.

    Raises:
        UsageError: there is no column `label`.
    """
    names = {column_named(table, label, option="label"): "label"} if label else {}
    used = {*taken, *names.values()}
    for column in table.columns:
        if column not in names and column not in drop:
            names[column] = _free(tidy(column) or "column", used)
            used.add(names[column])
    return names


def tidy(name: str) -> str:
    """A column's name with `_` in place of spaces and signs.

    >>> tidy(" FLAIR path (mm) ")
    'FLAIR_path_mm'
    """
    return re.sub(r"\W+", "_", name).strip("_")


def _content(path: Path) -> bytes:
    if not path.is_file():
        todo = "check its name, or name the table by the option `table`"
        raise Fault("E111", str(path), "no such file", "a table as CSV or TSV", todo).error()
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            found = f"{size / 2**20:.0f} MiB"
            raise Fault("E108", str(path), found, "a table of at most 256 MiB", "split it").error()
        content = path.read_bytes()
    except OSError as error:
        what = str(error.strerror or error)
        raise Fault("", str(path), what, "a readable table", "check its rights").error() from error
    if not content.removeprefix(b"\xef\xbb\xbf").strip():
        raise Fault("E103", str(path), "an empty file", "a header line and rows", "make it again").error()
    return content


def _decoded(path: Path, content: bytes) -> str:
    todo = "save it again as UTF-8 (in a spreadsheet: CSV UTF-8)"
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"{path}:{content.count(10, 0, error.start) + 1}"
        looks = "UTF-16" if content[:2] in _BOMS else "Latin-1"
        raise Fault("E501", where, f"not UTF-8, looks like {looks}", "UTF-8", todo).error() from error
    if "\0" in text:
        where = f"{path}:{text.count(chr(10), 0, text.index(chr(0))) + 1}"
        raise Fault("E501", where, "a NUL byte", "UTF-8 text", todo).error()
    return text


def _delimiter(path: Path, header: str) -> str:
    bare = re.sub(r'"[^"]*"', "", header)
    if path.suffix.lower() == ".tsv" and "\t" in bare:
        return "\t"
    return max("\t;,|", key=bare.count)


def _cell(cell: str) -> str:
    text = unescape(cell.strip())
    return "" if text in _MISSING else text


def _table(path: Path, line: int, header: list[str], rows: Sequence[tuple[int, list[str]]]) -> Table:
    while (
        header and not header[-1] and not any(cell for _, cells in rows for cell in cells[len(header) - 1 :])
    ):
        header = header[:-1]  # what a spreadsheet leaves of columns that were emptied
    names = [" ".join(name.split()) or f"column_{number}" for number, name in enumerate(header, start=1)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        found = f"column {twice[0][:80]!r} twice"
        raise Fault("E504", f"{path}:{line}", found, "each column once", "rename one").error()
    for number, cells in rows:
        if len(cells) < len(names) or any(cells[len(names) :]):
            todo = "quote a cell that holds the separator, or add the missing one"
            expected = f"{len(names)} as in the header"
            raise Fault("E505", f"{path}:{number}", f"{len(cells)} cells", expected, todo).error()
    made = tuple(dict(zip(names, cells[: len(names)], strict=True)) for _, cells in rows)
    return Table(path, tuple(names), made, tuple(number for number, _ in rows))


def _bare(subject: str) -> str:
    return subject.removeprefix("sub-")


def _loose(subject: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", _PERSON.sub("", _bare(subject), count=1).casefold())


_SPELLINGS: tuple[Callable[[str], str], ...] = (str, _bare, _loose)


def _index(rows: Mapping[str, SubjectRow], spelling: Callable[[str], str]) -> dict[str, list[SubjectRow]]:
    found: dict[str, list[SubjectRow]] = defaultdict(list)
    for subject, row in rows.items():
        found[spelling(subject)].append(row)
    return found


def _ambiguous(table: Path, found: str) -> Exception:
    todo = "write the ids in the table as in the names of the files"
    return Fault("E503", str(table), found, "one row a subject", todo).error()


def _free(name: str, used: Collection[str]) -> str:
    def others() -> Iterator[str]:
        yield name
        yield f"{name}_in_table"
        yield from (f"{name}_{number}" for number in range(2, 10**6))

    return next(other for other in others() if other not in used)


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(column[:40] for column in columns[:12])
    return shown + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")
