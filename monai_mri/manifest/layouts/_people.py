"""A table of persons that lies beside the images: age, sex and the like by a person's id."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from monai_mri.errors import ManifestError
from monai_mri.faults import Fault

MISSING = frozenset({"", "na", "n/a", "nan", "none", "null"})

People = dict[str, dict[str, str]]


def read_people(path: Path, *, key: str, columns: dict[str, str], delimiter: str = ",") -> People:
    r"""What the table at `path` says of each person: `columns` maps its names to those wanted.

    `key` is the column with the ids. Cells that say "missing" (`MISSING`, any case) are empty, wanted
    columns that the table lacks are left out, and a table that does not exist has nobody in it.

    Raises:
        ManifestError: it is not a UTF-8 table with that key, or has one person twice with other values.
    """
    if not path.is_file():
        return {}
    reader = csv.DictReader(io.StringIO(_text(path), newline=""), delimiter=delimiter, strict=True)
    people: People = {}
    try:
        if key not in (reader.fieldnames or ()):
            raise _fault(path, 1, f"no column {key!r}", "it", "add or rename that column")
        for row in reader:
            known = {new: _cell(row[old]) for old, new in columns.items() if old in row}
            if people.setdefault(_cell(row[key]), known) != known:
                todo = "keep the right row, or move the table away"
                raise _fault(path, reader.line_num, "one person twice, with other values", "once", todo)
    except csv.Error as error:
        raise _fault(path, reader.line_num, f"not a table ({error})", "rows of text", "correct it") from error
    people.pop("", None)
    return people


def columns_of(people: People) -> tuple[str, ...]:
    """The columns that are known of anyone, each once, in the order of the table."""
    return tuple(dict.fromkeys(column for known in people.values() for column in known))


def about(people: People, person: str, columns: Iterable[str]) -> dict[str, str]:
    """What is known of one person, empty where nothing is.

    >>> about({"p1": {"age": "31"}}, "p2", ["age"])
    {'age': ''}
    """
    known = people.get(person, {})
    return {column: known.get(column, "") for column in columns}


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        todo = "check its permissions"
        raise _fault(path, 1, error.strerror or str(error), "a readable table", todo) from error
    except UnicodeDecodeError as error:
        fault = Fault("E501", str(path), "not UTF-8", "UTF-8", "save it again as UTF-8")
        raise fault.error() from error


def _cell(cell: str | None) -> str:
    text = (cell or "").strip()
    return "" if text.lower() in MISSING else text


def _fault(path: Path, line: int, found: str, expected: str, todo: str) -> Exception:
    return Fault("", f"{path}:{line}", found, expected, todo).error(ManifestError)
