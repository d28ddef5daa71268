"""Units whose part is not dealt: assigned by hand, or held out with their site."""

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
        if column not in manifest.table:
            refuse_column(manifest, column, purpose="to hold out")
        places = places_of_units(manifest, keys, column)
        known = sorted({place for found in places.values() for place in found})
        for name in names:
            if name not in known:
                _refuse_unknown(manifest, column, name, known, verb="held out")
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


def left_out_one_by_one(manifest: Manifest, column: str, keys: Sequence[str]) -> dict[str, Parts]:
    """For each value of a column the units that stand there, to test on in one fold.

    Raises:
        UsageError: no such column.
        ManifestError: fewer than two values (E602), an empty cell, or a unit with several values.
    """
    if column not in manifest.table:
        refuse_column(manifest, column, purpose="to leave out one by one")
    folds: dict[str, Parts] = {}
    for unit, found in places_of_units(manifest, keys, column).items():
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
            f"{manifest.path}: {column} is the same in all rows, expected two values or more to leave "
            "out one by one; choose another column [E602]"
        )
    return {name: folds[name] for name in sorted(folds)}


def places_of_units(manifest: Manifest, keys: Sequence[str], column: str) -> dict[str, set[str]]:
    """The values that each unit has in a column, units in alphabetical order."""
    places: dict[str, set[str]] = {unit: set() for unit in sorted(set(keys))}
    for unit, place in zip(keys, manifest.table[column].tolist(), strict=True):
        places[unit].add(place)
    return places


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
