"""Everything wrong with splits relative to their manifest: leaks, missing units, parts without a class."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from monai_mri.errors import LeakError, ManifestError
from monai_mri.faults import Fault
from monai_mri.manifest.core import Manifest
from monai_mri.manifest.held import rows_with
from monai_mri.manifest.schema import PARTS, Part, Splits
from monai_mri.manifest.units import (
    GROUP_COLUMNS,
    ROW,
    WITHIN_SUBJECT,
    group_values,
    shared_columns,
    unit_keys,
)

MOST_CLASSES = 20  # a label with more values is a measurement, not a class

_UNTIDY = re.compile(r"(^|/)(\./|/)")  # ./a and a//b are other spellings of a and a/b
_Place = tuple[int, int]


@dataclass(frozen=True)
class Tie:
    """Rows that must be in one part, since they have something in common.

    `column` and `value` say what; `units` is each unit among them with the value as its row spells it.
    `copies` is true where it is the bytes of the images `units` names.
    """

    column: str
    value: str
    units: dict[str, str]
    copies: bool = False


def splits_faults(manifest: Manifest, splits: Splits) -> list[Fault]:
    """Everything wrong with splits relative to a manifest, of all repeats and folds; a thing is named once.

    Another manifest (no code), units that are missing (no code), a subject, image, or a family or scan that
    the manifest declares in two parts (E601), the same bytes in two parts (E110), and a part without a class
    of `label` (E603). What the unit was declared to share is no fault, nor is a class that stands only in
    rows that are only for training.
    """
    fault = unit_fault(manifest, splits)
    if fault is not None:
        return [*_of_another_manifest(manifest, splits), fault]
    keys = unit_keys(manifest, splits.unit)
    faults = [*_of_another_manifest(manifest, splits), *_missing_units(manifest, splits, keys)]
    places = [(repeat, fold) for repeat in range(splits.repeats) for fold in range(splits.folds)]
    faults += leak_faults(manifest, splits, places, keys)
    return faults + list(_missing_classes(manifest, splits, keys))


def leak_faults(
    manifest: Manifest, splits: Splits, places: Sequence[_Place], keys: Sequence[str]
) -> list[Fault]:
    """What stands in two parts in a fold at `places` (repeat, fold); `keys` is the unit of each row."""
    faults = []
    for tie in ties(manifest, splits.unit, keys):
        hits = [(place, torn) for place in places if (torn := _torn(splits, place, tie))]
        if hits:
            where = "" if len(places) == 1 else _where(hits[0][0], len(hits), len(places))
            faults.append(_leak(manifest, tie, hits[0][1], where))
    return faults


def refuse_leaks(manifest: Manifest, splits: Splits, places: Sequence[_Place], keys: Sequence[str]) -> None:
    """Refuse splits that leak.

    Raises:
        LeakError: something stands in two parts in one of the folds.
    """
    for fault in leak_faults(manifest, splits, places, keys):
        raise fault.error(LeakError)


def copy_warnings(
    manifest: Manifest, splits: Splits, places: Sequence[_Place], keys: Sequence[str]
) -> tuple[str, ...]:
    """What to warn of where the same bytes stand in two parts; whoever reads such a part is refused.

    Raises:
        LeakError: a subject, an image, or a declared family or scan stands in two parts (E601).
    """
    faults = leak_faults(manifest, splits, places, keys)
    for fault in faults:
        if fault.code != "E110":
            raise fault.error(LeakError)
    if not faults:
        return ()
    more = f", and {len(faults) - 1} more images like it" if len(faults) > 1 else ""
    return (f"{faults[0].found}{more}: training and evaluation will refuse that; {faults[0].todo} [E110]",)


def refuse_another_manifest(manifest: Manifest, splits: Splits) -> None:
    """Refuse splits that were made from another manifest.

    Raises:
        ManifestError: its hash differs, or it lacks the column that was divided by.
    """
    for fault in (*_of_another_manifest(manifest, splits), unit_fault(manifest, splits)):
        if fault is not None:
            raise fault.error(ManifestError)


def unit_fault(manifest: Manifest, splits: Splits) -> Fault | None:
    """What is wrong with the column that was divided by; None if it is there."""
    column = splits.unit.removeprefix(WITHIN_SUBJECT)
    if splits.unit == ROW or column in manifest.table:
        return None
    return Fault("", f"{manifest.path}:1", f"no column {column!r}", "the splits' unit", "add it")


def ties(manifest: Manifest, unit: str, keys: Sequence[str]) -> Iterator[Tie]:
    """Rows of several units that have a group, an image path or an image's bytes in common."""
    yield from _copies(manifest, keys)
    exempt = shared_columns(unit)
    groups = [name for name in GROUP_COLUMNS if name in manifest.table and name not in exempt]
    for column in sorted(groups, key=lambda name: name != "subject_id"):
        cells = manifest.table[column].tolist()
        yield from _shared(column, zip(group_values(manifest, column), cells, keys, strict=True))
    paths = ((column, manifest.table[column].tolist()) for column in manifest.path_columns)
    files = ((_tidy(cell), cell, key) for _, cells in paths for cell, key in zip(cells, keys, strict=True))
    yield from _shared("file", files)


def _shared(column: str, entries: Iterable[tuple[str, str, str]]) -> Iterator[Tie]:
    """Each value that several units have; an entry is the value, the cell as written, and the unit."""
    first: dict[str, tuple[str, str]] = {}
    several: dict[str, dict[str, str]] = {}
    for value, cell, key in entries:
        if value:
            one = first.setdefault(value, (key, cell))
            if one[0] != key:
                several.setdefault(value, {one[0]: one[1]}).setdefault(key, cell)
    for value, units in several.items():
        yield Tie(column, value, units)


def _tidy(path: str) -> str:
    return posixpath.normpath(path) if _UNTIDY.search(path) else path


def _copies(manifest: Manifest, keys: Sequence[str]) -> Iterator[Tie]:
    """Images with the same SHA-256 in the sidecar; masks may be equal, as empty ones are."""
    files = manifest.sidecar.files if manifest.sidecar else {}
    if not files:
        return
    first: dict[str, tuple[str, str]] = {}
    several: dict[str, dict[str, str]] = {}
    for column in manifest.modalities:
        for cell, key in zip(manifest.table[column].tolist(), keys, strict=True):
            if cell not in files:
                continue
            sha256 = files[cell].sha256
            one = first.setdefault(sha256, (key, cell))
            if one[0] != key and one[1] != cell:
                several.setdefault(sha256, {one[0]: one[1]}).setdefault(key, cell)
    for sha256, units in several.items():
        yield Tie("sha256", sha256, units, copies=True)


def _torn(splits: Splits, place: _Place, tie: Tie) -> tuple[tuple[Part, str], tuple[Part, str]] | None:
    """Two parts that rows of a tie stand in, each with the cell of such a row; unused rows are in none."""
    parts = splits.units_by_part(repeat=place[0], fold=place[1])
    first: tuple[Part, str] | None = None
    for unit, cell in tie.units.items():
        part = parts.get(unit, "unused")
        if part == "unused":
            continue
        if first is None:
            first = part, cell
        elif first[0] != part:
            return first, (part, cell)
    return None


def _leak(manifest: Manifest, tie: Tie, torn: tuple[tuple[Part, str], tuple[Part, str]], where: str) -> Fault:
    (part, cell), (other, second) = torn
    if tie.copies:
        found = f"{cell} is in {part}, and {second} in {other} has the same bytes{where}"
        return Fault("E110", str(manifest.path), found, "one part", "list each image once, under one subject")
    found = f"{tie.column} {second!r} is in {part} and in {other}{where}"
    todo = "split by subject_id, and list each image under one subject"
    if tie.column in GROUP_COLUMNS and tie.column != "subject_id":
        todo = f"split by {tie.column}"
    return Fault("E601", str(manifest.path), found, "one part", todo)


def _where(place: _Place, count: int, of: int) -> str:
    return f" (repeat {place[0]}, fold {place[1]}; {count} of {of} folds)"


def _of_another_manifest(manifest: Manifest, splits: Splits) -> Iterator[Fault]:
    if splits.manifest_sha256 != manifest.sha256:
        yield Fault(
            "",
            str(manifest.path),
            f"its hash is {manifest.sha256[:12]}",
            f"{splits.manifest_sha256[:12]}, which the splits were made from",
            "make them again, or take the manifest they belong to",
        )


def _missing_units(manifest: Manifest, splits: Splits, keys: Sequence[str]) -> Iterator[Fault]:
    units, known = set(keys), splits.units_by_part().keys()
    todo = "make the splits again from this manifest"
    for missing, of in ((units - known, "the splits"), (known - units, "the manifest")):
        if missing:
            more = f" and {len(missing) - 1} more are" if len(missing) > 1 else " is"
            found = f"{splits.unit} {min(missing)!r}{more} not in {of}"
            yield Fault("", str(manifest.path), found, "every unit in both", todo)


def _missing_classes(manifest: Manifest, splits: Splits, keys: Sequence[str]) -> Iterator[Fault]:
    """Each part of each fold that lacks a class; parts without any unit are left out on purpose."""
    if "label" not in manifest.table:
        return
    pairs = sorted({pair for pair in zip(keys, manifest.table["label"].tolist(), strict=True) if pair[1]})
    only = rows_with(manifest, splits.only_train)
    apart = {key for key, mark in zip(keys, only, strict=True) if mark}
    classes = {label for unit, label in pairs if unit not in apart}
    if not 1 < len(classes) <= MOST_CLASSES or len(classes) > max(2, len(set(keys)) / 2):
        return
    units = [unit for unit, _ in pairs]
    labels = [label for _, label in pairs]
    hits: Counter[tuple[str, str]] = Counter()
    for folds in splits.parts:
        for fold in folds:
            found = set(zip((fold.get(unit) for unit in units), labels, strict=True))
            there = set(fold.values())
            hits.update((p, c) for p in PARTS if p in there for c in classes if (p, c) not in found)
    total = splits.repeats * splits.folds
    for (part, label), count in sorted(hits.items()):
        places = "" if total == 1 else f" in {count} of {total} folds"
        todo = "stratify by label, or ask for fewer folds or larger shares"
        text = f"{part} has no unit with label {label!r}{places}"
        yield Fault("E603", str(manifest.path), text, "every class in every part", todo)
