"""What is dealt: subjects, groups of subjects such as families, or something finer such as sessions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

from monai_mri.errors import LeakError, UsageError
from monai_mri.faults import Fault
from monai_mri.manifest.core import Manifest

ROW = "row"
WITHIN_SUBJECT = "subject_id/"

# Columns that say which rows belong together, the coarsest first.
_LEVELS = {"family_id": 0, "subject_id": 1, "session_id": 2, "scan_id": 3, "series_uid": 3}
_RUNNING = re.compile(r"\d{1,4}")  # a number that counts anew in each subject, no id of its own
_FINEST = 4
GROUP_COLUMNS = tuple(name for name in _LEVELS if name != "session_id")  # sessions count anew in each subject


def unit_name(manifest: Manifest, unit: str) -> str:
    """How a splits file names the unit that was asked for.

    A column is itself. `session_id`, `scan_id` and `series_uid` are finer than the subject and
    become `subject_id/COLUMN`: session 1 of two subjects is two units. `row` is each row.

    Raises:
        UsageError: no such column.
    """
    if unit == ROW:
        return unit
    column = unit.removeprefix(WITHIN_SUBJECT)
    if column not in manifest.table:
        refuse_column(manifest, column, purpose="to divide by")
    finer = _LEVELS.get(column, 0) > _LEVELS["subject_id"]
    return f"{WITHIN_SUBJECT}{column}" if finer else unit


def unit_keys(manifest: Manifest, unit: str) -> list[str]:
    """The unit that each row belongs to, in the order of the rows; `unit` as `unit_name` gives it.

    Of `subject_id/COLUMN` it is both values, `/` and `%` in them escaped as in a web address; of `row` the
    number of the row, from 1.
    """
    if unit == ROW:
        return [str(number) for number in range(1, len(manifest.table) + 1)]
    cells: list[str] = manifest.table[unit.removeprefix(WITHIN_SUBJECT)].tolist()
    if not unit.startswith(WITHIN_SUBJECT):
        return cells
    subjects = manifest.table["subject_id"].tolist()
    return [f"{_escaped(subject)}/{_escaped(cell)}" for subject, cell in zip(subjects, cells, strict=True)]


def shared_columns(unit: str) -> frozenset[str]:
    """Columns whose values may stand in several parts, because the unit asked for is finer than they are.

    >>> sorted(shared_columns("subject_id/session_id"))
    ['family_id', 'subject_id']
    >>> shared_columns("subject_id")
    frozenset()
    """
    if unit != ROW and not unit.startswith(WITHIN_SUBJECT):
        return frozenset()
    level = _LEVELS.get(unit.removeprefix(WITHIN_SUBJECT), _FINEST)
    return frozenset(name for name, found in _LEVELS.items() if found < level)


def group_values(manifest: Manifest, column: str) -> list[str]:
    """The value of each row by which rows belong together.

    Scans that are numbered (1, 2 …) are so within their subject; other ids, such as UIDs, are everywhere
    the same scan.
    """
    cells: list[str] = manifest.table[column].tolist()
    if _LEVELS.get(column, 0) <= _LEVELS["subject_id"]:
        return cells
    subjects = manifest.table["subject_id"].tolist()
    return [
        f"{subject}/{cell}" if _RUNNING.fullmatch(cell) else cell
        for subject, cell in zip(subjects, cells, strict=True)
    ]


def refuse_torn_groups(manifest: Manifest, unit: str, keys: Sequence[str]) -> None:
    """Make sure that whole subjects, families and scans can be dealt by this unit.

    Raises:
        LeakError: a subject belongs to two units, or to none, or a family or scan has several units (E601).
    """
    for column in GROUP_COLUMNS:
        if column not in manifest.table or column in shared_columns(unit):
            continue
        first: dict[str, str] = {}
        for value, key in zip(group_values(manifest, column), keys, strict=True):
            if not key:
                _refuse_empty(manifest, unit, manifest.table["subject_id"].tolist()[keys.index(key)])
            other = first.setdefault(value, key) if value else key
            if other != key:
                _refuse_group(manifest, unit, column, (value, other, key))


def sharing_warnings(
    manifest: Manifest, unit: str, keys: Sequence[str], parts: Sequence[Sequence[Mapping[str, str]]]
) -> tuple[str, ...]:
    """What to warn of where the unit is finer than the subject: how many subjects stand in several parts.

    `parts` is the part of each unit, by repeat and fold.
    """
    if "subject_id" not in shared_columns(unit):
        return ()
    units: dict[str, set[str]] = {}
    for subject, key in zip(manifest.table["subject_id"].tolist(), keys, strict=True):
        units.setdefault(subject, set()).add(key)
    shared = sum(
        any(len({fold[key] for key in found} - {"unused"}) > 1 for folds in parts for fold in folds)
        for found in units.values()
        if len(found) > 1
    )
    if not shared:
        return ()
    what = "rows" if unit == ROW else unit.removeprefix(WITHIN_SUBJECT)
    return (
        f"subjects stand in several parts: {shared} of {len(units)}, since {what} and not subjects were "
        "divided; scores will flatter",
    )


def refuse_column(manifest: Manifest, column: str, *, purpose: str) -> NoReturn:
    """Say that there is no such column.

    Raises:
        UsageError: always.
    """
    columns = ", ".join(manifest.table.columns)
    raise UsageError(
        f"{manifest.path}:1: no column {column!r} {purpose}, expected one of {columns}; choose one of those"
    )


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("/", "%2F")


def _refuse_empty(manifest: Manifest, unit: str, subject: str) -> NoReturn:
    todo = f"fill the column {unit}, or divide by subject_id"
    fault = Fault("E601", str(manifest.path), f"{unit} of subject {subject!r} is empty", "a value", todo)
    raise fault.error(LeakError)


def _refuse_group(manifest: Manifest, unit: str, column: str, found: tuple[str, str, str]) -> NoReturn:
    value, one, other = found
    if column == "subject_id":
        todo = f"correct the table, or name the unit subject_id/{unit} where {unit} counts within a subject"
    else:
        todo = f"divide by {column}, or correct that column"
    text = f"{column} {value!r} stands under {unit} {one!r} and {other!r}"
    raise Fault("E601", str(manifest.path), text, "one", todo).error(LeakError)
