"""Which subjects are for training, validation and test: grouped, stratified, seeded, checked."""

from __future__ import annotations

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from monai_mri.errors import LeakError, ManifestError, UsageError
from monai_mri.manifest.core import Manifest
from monai_mri.manifest.dealing import Stratum, deal_folds, deal_shares
from monai_mri.manifest.jsonfile import read_model, write_model
from monai_mri.manifest.schema import PARTS, Part, Splits

_UNTIDY = re.compile(r"(^|/)(\./|/)")  # ./a and a//b are other spellings of a and a/b


def make_splits(
    manifest: Manifest,
    *,
    folds: int = 1,
    repeats: int = 1,
    test: float | None = None,
    validation: float = 0.1,
    stratify: Sequence[str] = (),
    assign: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Splits:
    """Divide a manifest's subjects into train, validation and test.

    `folds=1` holds out the share `test` (default 0.2) and the share `validation` of all subjects;
    `folds>=2` is cross-validation, where each fold is the test part once and `validation` is drawn from
    the others. `repeats` deals anew with the same seed. A share of 0 leaves that part out; otherwise a
    part has at least one subject and its size is within one of the share; train is what is left.

    `assign` fixes the part of named subjects in every fold, as in `{"patient19": "test"}`; shares and
    folds then speak of the rest. `stratify` names columns; each of their values must be in each part.
    A subject with several values counts as its most frequent one, of equals the first in the alphabet.

    Raises:
        UsageError: a number out of range, an unknown column, subject or part.
        ManifestError: it cannot be done: fewer subjects than folds (E602), a part would be empty, or
            lacks a class (E603).
    """
    _check_numbers(folds=folds, repeats=repeats, test=test, validation=validation)
    strata = _strata(manifest, stratify)
    fixed = _checked_assignment(manifest, assign or {}, strata)
    free = {unit: stratum for unit, stratum in strata.items() if unit not in fixed}
    share = None if folds > 1 else 0.2 if test is None else test
    parts = []
    for repeat in range(repeats):
        dealt = _deal(
            free, folds=folds, test=share, validation=validation, fixed=fixed, seed=f"{seed}/{repeat}"
        )
        for fold in dealt:
            _check_parts(manifest, fold, strata, stratify, wanted=_wanted(share, validation))
        parts.append(tuple(dealt))
    return Splits(
        manifest_sha256=manifest.sha256,
        stratify=tuple(stratify),
        seed=seed,
        test=share,
        validation=validation,
        assign=fixed,
        parts=tuple(parts),
    )


def rows_of_part(
    manifest: Manifest, splits: Splits, part: str, repeat: int = 0, fold: int = 0
) -> list[dict[str, str]]:
    """The rows of a manifest that are in one part, in the manifest's order.

    Raises:
        UsageError: no such part, repeat or fold.
        ManifestError: the splits were made from another manifest, or lack one of its units.
        LeakError: a subject, or one image file, would be in two parts.
    """
    if part not in PARTS:
        raise UsageError(f"splits: part {part!r} asked for, expected {', '.join(PARTS)}; choose one of those")
    if splits.manifest_sha256 != manifest.sha256:
        raise ManifestError(
            f"{manifest.path}: its hash is {manifest.sha256[:12]}, expected {splits.manifest_sha256[:12]}, "
            "which the splits were made from; make them again, or take the manifest they belong to"
        )
    if splits.unit not in manifest.table:
        raise ManifestError(
            f"{manifest.path}:1: no column {splits.unit!r}, expected the splits' unit; add it"
        )
    rows = manifest.rows()
    parts = [splits.part_of(row[splits.unit], repeat, fold) for row in rows]
    _refuse_leaks(manifest, rows, parts)
    return [row for row, found in zip(rows, parts, strict=True) if found == part]


def splits_path(manifest: Path) -> Path:
    """Where the splits of the manifest (CSV) at `manifest` lie.

    >>> splits_path(Path("cohort/manifest.csv")).as_posix()
    'cohort/manifest.splits.json'
    """
    return Path(manifest).with_suffix(".splits.json")


def read_splits(path: Path) -> Splits:
    """Read a splits file.

    Raises:
        ManifestError: the file is missing or not valid.
        LeakError: a unit stands in it twice, in two parts.
    """
    return read_model(Path(path), Splits, again="make the splits again", twice=LeakError)


def write_splits(path: Path, splits: Splits) -> None:
    """Write a splits file, whole or not at all; `splits_path` gives its usual name."""
    write_model(Path(path), splits)


def _check_numbers(*, folds: int, repeats: int, test: float | None, validation: float) -> None:
    if folds < 1 or repeats < 1:
        found = f"folds {folds}, repeats {repeats}"
        raise UsageError(f"splits: {found}, expected at least 1 of each; choose larger numbers")
    if folds > 1 and test is not None:
        raise UsageError(
            f"splits: test share {test} with {folds} folds, expected one of the two, since each fold is the "
            "test part once; leave out the share"
        )
    held_out = (1 / folds if folds > 1 else 0.2) if test is None else test
    if not (held_out >= 0 and validation >= 0 and held_out + validation < 1):
        raise UsageError(
            f"splits: shares test {held_out:.3g} and validation {validation:.3g}, expected both at least 0 "
            "and a sum below 1, so that something is left to train on; choose smaller shares"
        )


def _strata(manifest: Manifest, stratify: Sequence[str]) -> dict[str, Stratum]:
    """The stratum of each subject: its value in each column, subjects in alphabetical order."""
    for column in stratify:
        if column not in manifest.table:
            columns = ", ".join(manifest.table.columns)
            raise UsageError(
                f"{manifest.path}:1: no column {column!r} to stratify by, expected one of {columns}; "
                "choose one of those"
            )
    values: dict[str, list[Counter[str]]] = defaultdict(lambda: [Counter() for _ in stratify])
    for unit, *cells in manifest.table[["subject_id", *stratify]].itertuples(index=False, name=None):
        for counter, cell in zip(values[unit], cells, strict=True):
            counter[cell] += 1
    return {
        unit: tuple(min(counter, key=lambda value: (-counter[value], value)) for counter in values[unit])
        for unit in sorted(values)
    }


def _checked_assignment(
    manifest: Manifest, assign: Mapping[str, str], strata: Mapping[str, Stratum]
) -> dict[str, Part]:
    fixed: dict[str, Part] = {}
    parts: dict[str, Part] = {part: part for part in ("train", "validation", "test")}
    for unit, part in sorted(assign.items()):
        for value, known, what in ((unit, list(strata), "subject_id"), (part, list(PARTS), "part")):
            if value not in known:
                near = get_close_matches(value, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known[:8])} …"
                raise UsageError(f"{manifest.path}: {what} {value!r} assigned, expected a known one; {hint}")
        fixed[unit] = parts[part]
    return fixed


def _deal(
    strata: Mapping[str, Stratum],
    *,
    folds: int,
    test: float | None,
    validation: float,
    fixed: Mapping[str, Part],
    seed: str,
) -> list[dict[str, Part]]:
    if test is None:
        return deal_folds(strata, folds=folds, validation=validation, fixed=fixed, seed=seed)
    return [deal_shares(strata, test=test, validation=validation, fixed=fixed, seed=seed)]


def _wanted(share: float | None, validation: float) -> list[str]:
    sizes = {"train": 1.0, "validation": validation, "test": 1.0 if share is None else share}
    return [part for part, size in sizes.items() if size > 0]


def _check_parts(
    manifest: Manifest,
    parts: Mapping[str, Part],
    strata: Mapping[str, Stratum],
    stratify: Sequence[str],
    *,
    wanted: Sequence[str],
) -> None:
    """Refuse a part that is empty, or that lacks a value of a column to stratify by."""
    sizes = Counter[str](parts.values())
    for part in wanted:
        if part not in sizes:
            raise ManifestError(
                f"{manifest.path}: no subject is left for {part} out of {len(parts)}, expected at least one; "
                "ask for fewer parts, other shares, or bring more subjects"
            )
    for index, column in enumerate(stratify):
        found: set[tuple[str, str]] = {(part, strata[unit][index]) for unit, part in parts.items()}
        values = {value for _, value in found}
        for part, value in sorted({(part, value) for part in wanted for value in values} - found):
            raise ManifestError(
                f"{manifest.path}: {part} ({sizes[part]} subjects) has none with {column} {value!r}, "
                f"expected every value of {column}; ask for fewer folds or larger shares, or do not stratify "
                f"by {column} [E603]"
            )


def _refuse_leaks(manifest: Manifest, rows: Sequence[Mapping[str, str]], parts: Sequence[Part]) -> None:
    _refuse_copies(manifest, rows, parts)
    for column in ("subject_id", *manifest.path_columns):
        first: dict[str, Part] = {}
        for row, part in zip(rows, parts, strict=True):
            cell = row[column]
            if column != "subject_id" and _UNTIDY.search(cell):
                cell = posixpath.normpath(cell)
            other = first.setdefault(cell, part) if cell else part
            if other != part:
                raise LeakError(
                    f"{manifest.path}: {column} {row[column]!r} is in {other} and in {part}, expected one "
                    "part; split by subject_id, and list each image under one subject [E601]"
                )


def _refuse_copies(manifest: Manifest, rows: Sequence[Mapping[str, str]], parts: Sequence[Part]) -> None:
    """One image under two names or subjects, by the SHA-256 that the sidecar holds; masks may be equal."""
    files = manifest.sidecar.files if manifest.sidecar else {}
    first: dict[str, tuple[Part, str]] = {}
    for row, part in zip(rows, parts, strict=True):
        for cell in filter(None, (row.get(column, "") for column in manifest.modalities)):
            if cell not in files:
                continue
            other, name = first.setdefault(files[cell].sha256, (part, cell))
            if other != part:
                raise LeakError(
                    f"{manifest.path}: {name} is in {other}, and {cell} in {part} has the same bytes, "
                    "expected one part; list each image once, under one subject [E110]"
                )
