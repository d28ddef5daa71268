"""What is known of persons whose table lies beside the images: age, sex and the like by a person's id."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from monai_mri.faults import Fault
from monai_mri.manifest.layouts._tables import read_subject_table

MISSING = frozenset({"", "na", "n/a", "nan", "none", "null"})

People = dict[str, dict[str, str]]


def read_people(path: Path, *, key: str, columns: dict[str, str]) -> People:
    r"""What the table at `path` says of each person: `columns` maps its names to those wanted.

    `key` is the column with the ids. Cells that say "missing" (`MISSING`, any case) are empty, wanted
    columns that the table lacks are left out, and a table that does not exist has nobody in it.

    Raises:
        ManifestError: it is not a table with that key (see `read_subject_table`), or has one person twice
            with other values.
    """
    if not path.is_file():
        return {}
    table = read_subject_table(path)
    if key not in table.columns:
        todo = "add or rename that column"
        raise Fault("E512", f"{path}:1", f"no column {key!r}", "it", todo).error()
    people: People = {}
    for number, row in enumerate(table.rows):
        known = {new: _known(row[old]) for old, new in columns.items() if old in row}
        if row[key] and people.setdefault(row[key], known) != known:
            todo = "keep the right row, or move the table away"
            fault = Fault("", table.where(number), "one person twice, with other values", "once", todo)
            raise fault.error()
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


def _known(cell: str) -> str:
    return "" if cell.lower() in MISSING else cell
