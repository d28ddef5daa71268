"""Units whose part is not dealt: assigned by hand, held out with their site, or only trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import NoReturn

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest.core import Manifest
from monai_mri.manifest.dealing import Parts
from monai_mri.manifest.schema import PARTS, Part
from monai_mri.manifest.units import refuse_column


def checked_assignment(
    manifest: Manifest, assign: Mapping[str, str], unit: str, units: Sequence[str]
) -> Parts:
    """Parts given by hand; `unit` is what the `units` are called.

    Raises:
        UsageError: an unknown unit or part.
    """
    fixed: Parts = {}
    parts: dict[str, Part] = {part: part for part in ("train", "validation", "test")}
    known_units = set(units)
    for name, part in sorted(assign.items()):
        if name not in known_units:
            _refuse_unknown(manifest, unit, name, units)
        if part not in parts:
            _refuse_unknown(manifest, "part", part, PARTS)
        fixed[name] = parts[part]
    return fixed


def held_out(
    manifest: Manifest, values: Mapping[str, Sequence[str]], keys: Sequence[str], assigned: Parts
) -> Parts:
    """The units that stand at one of the values of a column, all of them to test on.

    Raises:
        UsageError: no such column or value, or a unit is assigned to another part.
        ManifestError: a unit stands at a value to hold out, and at another one.
    """
    fixed: Parts = {}
    for column, names in values.items():
        _check_names(manifest, column, names, purpose="to hold out", verb="held out")
        places = places_of_units(manifest, keys, column)
        for unit, found in places.items():
            if found <= set(names):
                fixed[unit] = "test"
            elif found & set(names):
                _refuse_two_places(manifest, column, unit, found)
    clash = sorted(unit for unit in fixed if assigned.get(unit, "test") != "test")
    if clash:
        raise UsageError(
            f"{manifest.path}: {clash[0]!r} is assigned to {assigned[clash[0]]} and held out, expected one; "
            "leave one of the two out"
        )
    return fixed


def only_trained_on(
    manifest: Manifest,
    values: Mapping[str, Sequence[str]],
    keys: Sequence[str],
    *,
    unit: str,
    fixed: Mapping[str, Part],
) -> Parts:
    """The units of all rows that have one of the values of a column: in the train part, whatever is dealt.

    `unit` is what the units are called, `fixed` holds those whose part is given otherwise.

    Raises:
        UsageError: no such column or value, or a unit is to be validated or tested on.
        ManifestError: a unit or a subject has rows of both kinds.
    """
    for column, names in values.items():
        _check_names(manifest, column, names, purpose="to train on only", verb="only trained on")
    only = rows_with(manifest, values)
    subjects: list[str] = manifest.table["subject_id"].tolist()
    for what, groups in (("subject_id", subjects), (unit, keys)):
        chosen = {group for group, mark in zip(groups, only, strict=True) if mark}
        if both := sorted(chosen & {group for group, mark in zip(groups, only, strict=True) if not mark}):
            columns = " or ".join(values)
            raise ManifestError(
                f"{manifest.path}: {what} {both[0]!r} has rows that are only for training and others, "
                f"expected one kind; leave out its other rows, or correct {columns}"
            )
    apart: Parts = dict.fromkeys(sorted({key for key, mark in zip(keys, only, strict=True) if mark}), "train")
    if clash := sorted(name for name in apart if fixed.get(name, "train") != "train"):
        raise UsageError(
            f"{manifest.path}: {clash[0]!r} is named for {fixed[clash[0]]} and only for training, expected "
            "one; leave one of the two out"
        )
    return apart


def rows_with(manifest: Manifest, values: Mapping[str, Sequence[str]]) -> list[bool]:
    """Whether a row has one of the values of a column, for each row; a column that is not there has none."""
    found = [False] * len(manifest.table)
    for column, names in values.items():
        if column in manifest.table:
            cells = manifest.table[column].tolist()
            found = [mark or cell in names for mark, cell in zip(found, cells, strict=True)]
    return found


def left_out_one_by_one(
    manifest: Manifest, column: str, keys: Sequence[str], *, apart: Parts | None = None
) -> dict[str, Parts]:
    """For each value of a column the units that stand there, to test on in one fold; none of those `apart`.

    Raises:
        UsageError: no such column.
        ManifestError: fewer than two values (E602), an empty cell, or a unit with several values.
    """
    if column not in manifest.table:
        refuse_column(manifest, column, purpose="to leave out one by one")
    folds: dict[str, Parts] = {}
    for unit, found in places_of_units(manifest, keys, column).items():
        if unit in (apart or {}):
            continue
        if len(found) > 1:
            _refuse_two_places(manifest, column, unit, found)
        folds.setdefault(next(iter(found)), {})[unit] = "test"
    if "" in folds:
        raise ManifestError(
            f"{manifest.path}: {column} of {len(folds[''])} units is empty, expected a value of each; "
            "fill that column"
        )
    if len(folds) < 2:
        raise ManifestError(
            f"{manifest.path}: {column} is the same in all rows to deal, expected two values or more to "
            "leave out one by one; choose another column [E602]"
        )
    return {name: folds[name] for name in sorted(folds)}


def places_of_units(manifest: Manifest, keys: Sequence[str], column: str) -> dict[str, set[str]]:
    """The values that each unit has in a column, units in alphabetical order."""
    places: dict[str, set[str]] = {unit: set() for unit in sorted(set(keys))}
    for unit, place in zip(keys, manifest.table[column].tolist(), strict=True):
        places[unit].add(place)
    return places


def _check_names(manifest: Manifest, column: str, names: Sequence[str], *, purpose: str, verb: str) -> None:
    """Refuse a column that is not there, and a value that none of its rows has."""
    if column not in manifest.table:
        refuse_column(manifest, column, purpose=purpose)
    known = sorted(set(manifest.table[column].tolist()))
    for name in names:
        if name not in known:
            _refuse_unknown(manifest, column, name, known, verb=verb)


def _refuse_unknown(
    manifest: Manifest, what: str, value: str, known: Sequence[str], verb: str = "assigned"
) -> NoReturn:
    near = get_close_matches(value, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(list(known)[:8])} …"
    raise UsageError(f"{manifest.path}: {what} {value!r} {verb}, expected a known one; {hint}")


def _refuse_two_places(manifest: Manifest, column: str, unit: str, found: set[str]) -> NoReturn:
    one, other = sorted(found)[:2]
    raise ManifestError(
        f"{manifest.path}: {unit!r} stands at {column} {one!r} and {other!r}, expected one, so that no one "
        f"is in training and test; leave those rows out, or correct {column}"
    )
