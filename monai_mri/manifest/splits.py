"""Which subjects are for training, validation and test: grouped, stratified, seeded, checked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from monai_mri.errors import LeakError, ManifestError, UsageError
from monai_mri.files import replace_file
from monai_mri.manifest.core import Manifest
from monai_mri.manifest.dealing import Parts
from monai_mri.manifest.held import checked_assignment, held_out, left_out_one_by_one, only_trained_on
from monai_mri.manifest.jsonfile import read_model
from monai_mri.manifest.leaks import copy_warnings, refuse_another_manifest, refuse_leaks
from monai_mri.manifest.plan import Plan, check_room, deal
from monai_mri.manifest.schema import PARTS, Part, Splits
from monai_mri.manifest.sizes import Sizes, check_numbers
from monai_mri.manifest.spelling import refuse_spellings
from monai_mri.manifest.strata import SET, classes_of_units, strata_of_units, stratifier
from monai_mri.manifest.units import refuse_torn_groups, sharing_warnings, unit_keys, unit_name


def make_splits(  # noqa: PLR0913 - one for each thing that can be asked of splits
    manifest: Manifest,
    *,
    unit: str = "subject_id",
    folds: int = 1,
    repeats: int = 1,
    test: float | None = None,
    validation: float | None = None,
    rotate: str = "test",
    stratify: Sequence[str] = (),
    balance: str = "",
    hold_out: Mapping[str, Sequence[str]] | None = None,
    leave_one_out: str = "",
    only_train: Mapping[str, Sequence[str]] | None = None,
    assign: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Splits:
    """Divide a manifest's subjects into train, validation and test.

    `folds=1` holds out the share `test` (default 0.2) and the share `validation` (default 0.1) of all
    subjects; `folds>=2` is cross-validation, where each fold is the test part once and `validation` is drawn
    from the others. With `rotate="validation"` the share `test` is held out once, the same in all folds and
    repeats and as without folds, and each fold of the rest is the validation part once. `repeats` deals anew
    with the same seed. A share of 0 leaves that part out; otherwise a
    part has at least one subject and its size is within one of the share; train is what is left. From 1 on
    `test` and `validation` are counts: 20 is twenty subjects.

    `unit` is what is dealt in place of subjects: another column, such as `family_id`, of which each subject
    has one value; or something finer (`session_id`, `scan_id`, `subject_id/COLUMN`, `row`), which puts one
    subject into several parts: then the splits hold a warning.

    `hold_out`, as `{"site": ["A"]}`, makes all units of that site the test part; `leave_one_out="site"` makes
    one fold a site, named in `fold_names`. Validation is then a share of the others, and repeats deal only
    it anew, or the folds where validation rotates. `only_train`, as `{"source": ["other"]}`, puts all units
    of these rows into the train part of every fold, and `assign` fixes the part of named units, as in
    `{"patient19": "test"}`; shares and folds then speak of the rest.

    `stratify` names columns; each of their values must be in each part. A unit with several values counts
    as its most frequent one, of equals the first in the alphabet, or with `label:set` as the set of all that
    it has. `age:4` cuts numbers into 4 quantile bins, which are kept in proportion but may be missing in a
    part. `balance` names a column of which each part gets equally many units of each value; units too many
    are `unused`.

    Raises:
        UsageError: a number out of range, settings that exclude each other, an unknown column, unit or part,
            or a column to stratify by that is nearly unique.
        ManifestError: it cannot be done: fewer subjects than folds (E602), a part would be empty, or
            lacks a class (E603), a unit stands at two sites of which one is held out, a subject is only for
            training in some rows, or an id or a class to divide by stands in two spellings (E503, E506).
        LeakError: a subject belongs to two units, or one image would be in two parts (E601). The same bytes
            under two names in two parts are a warning here and refused where a part is read.
    """
    asked = Sizes(folds, repeats, test, validation, rotate)
    _check_together(
        asked,
        assign=assign,
        balance=balance,
        hold_out=hold_out,
        leave_one_out=leave_one_out,
        only_train=only_train,
    )
    unit = unit_name(manifest, unit)
    keys = unit_keys(manifest, unit)
    columns = [stratifier(manifest, text) for text in stratify]
    classes_used = [one.column for one in columns if one.bins is None] + [balance, leave_one_out]
    classes_used += [*(hold_out or {}), *(only_train or {})]
    refuse_spellings(manifest, [column for column in classes_used if column in manifest.table])
    assigned = checked_assignment(manifest, assign or {}, unit, sorted(set(keys)))
    site = held_out(manifest, hold_out, keys, assigned) if hold_out else {}
    apart = only_trained_on(manifest, only_train or {}, keys, unit=unit, fixed={**assigned, **site})
    strata = strata_of_units(manifest, keys, columns, apart=apart)
    refuse_torn_groups(manifest, unit, keys)
    classes = classes_of_units(manifest, keys, balance) if balance else {}
    sizes = check_numbers(asked)
    plan = Plan(sizes, strata, classes, {**assigned, **apart})
    if hold_out or leave_one_out:
        named = left_out_one_by_one(manifest, leave_one_out, keys, apart=apart) if leave_one_out else {}
        held = [site] if hold_out else list(named.values())
        plan = replace(plan, sizes=replace(sizes, test=0.0), held=held, names=tuple(named))
    check_room(plan)
    required = {
        f"{one.column}:{SET}" if one.every else one.column: [stratum[place] for stratum in strata.values()]
        for place, one in enumerate(columns)
        if one.bins is None
    } | ({balance: [classes[name] for name in strata]} if balance else {})
    parts = []
    values = {column: _values_to_deal(strata, of, apart) for column, of in required.items()}
    for repeat in range(repeats):
        dealt = deal(plan, seed=seed, repeat=repeat)
        for fold in dealt:
            _check_parts(manifest, fold, required, values, wanted=plan.wanted())
        parts.append(tuple(dealt))
    splits = Splits(
        manifest_sha256=manifest.sha256,
        unit=unit,
        stratify=tuple(stratify),
        seed=seed,
        test=None if plan.held else sizes.test,
        validation=sizes.validation,
        rotate="validation" if sizes.rotate == "validation" else "",
        assign=assigned,
        hold_out={column: tuple(names) for column, names in (hold_out or {}).items()},
        only_train={column: tuple(names) for column, names in (only_train or {}).items()},
        leave_one_out=leave_one_out,
        balance=balance,
        fold_names=tuple(plan.names),
        warnings=sharing_warnings(manifest, unit, keys, parts),
        parts=tuple(parts[:1]),
    ).model_copy(update={"parts": tuple(parts)})  # regular as made; to validate all would copy millions
    copies = copy_warnings(manifest, splits, _places(splits), keys)
    return splits.model_copy(update={"warnings": (*splits.warnings, *copies)})


def rows_of_part(
    manifest: Manifest, splits: Splits, part: str, repeat: int = 0, fold: int = 0
) -> list[dict[str, str]]:
    """The rows of a manifest that are in one part, in the manifest's order; unused rows are in none.

    Raises:
        UsageError: no such part, repeat or fold.
        ManifestError: the splits were made from another manifest, or lack one of its units.
        LeakError: a subject, or one image file, would be in two parts, and the splits' unit does not say so.
    """
    if part not in PARTS:
        raise UsageError(f"splits: part {part!r} asked for, expected {', '.join(PARTS)}; choose one of those")
    parts = parts_of_rows(manifest, splits, repeat=repeat, fold=fold)
    return [row for row, found in zip(manifest.rows(), parts, strict=True) if found == part]


def parts_of_rows(manifest: Manifest, splits: Splits, *, repeat: int = 0, fold: int = 0) -> list[Part]:
    """The part of each row of a manifest: train, validation, test or unused.

    Raises:
        UsageError: no such repeat or fold.
        ManifestError: the splits were made from another manifest, or lack one of its units.
        LeakError: a subject, or one image file, would be in two parts, and the splits' unit does not say so.
    """
    refuse_another_manifest(manifest, splits)
    keys = unit_keys(manifest, splits.unit)
    parts = [splits.part_of(key, repeat, fold) for key in keys]
    refuse_leaks(manifest, splits, [(repeat, fold)], keys)
    return parts


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

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_text(splits))

    replace_file(Path(path), write)


def _text(splits: Splits) -> Iterator[str]:
    """The splits as JSON, indented, fold by fold: large studies have millions of lines."""
    facts = splits.model_dump(mode="json", exclude={"parts"})
    head = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
    yield head.removesuffix("\n}") + ',\n "parts": ['
    units = {unit: f"    {json.dumps(unit, ensure_ascii=False)}: " for unit in splits.units_by_part()}
    quoted = {part: f'"{part}"' for part in (*PARTS, "unused")}
    for repeat, folds in enumerate(splits.parts):
        yield ("," if repeat else "") + "\n  ["
        for number, fold in enumerate(folds):
            yield ("," if number else "") + "\n   {\n"
            yield ",\n".join([units[unit] + quoted[part] for unit, part in fold.items()])
            yield "\n   }"
        yield "\n  ]"
    yield "\n ]\n}\n"


def _places(splits: Splits) -> list[tuple[int, int]]:
    return [(repeat, fold) for repeat in range(splits.repeats) for fold in range(splits.folds)]


def _check_together(
    asked: Sizes,
    *,
    assign: Mapping[str, str] | None,
    balance: str,
    hold_out: Mapping[str, Sequence[str]] | None,
    leave_one_out: str,
    only_train: Mapping[str, Sequence[str]] | None,
) -> None:
    """Refuse settings that exclude each other, and numbers out of range."""
    check_numbers(asked)
    rotating = asked.rotate == "validation"
    named = {
        "folds": asked.folds > 1 and not rotating,
        "rotate": rotating,
        "test": asked.test is not None,
        "hold_out": bool(hold_out),
        "leave_one_out": bool(leave_one_out),
        "balance": bool(balance),
        "assign": bool(assign),
        "only_train": bool(only_train),
    }
    for one, others in (
        ("hold_out", ("folds", "test", "leave_one_out")),
        ("leave_one_out", ("folds", "rotate", "test", "assign")),
        ("balance", ("assign", "only_train")),
    ):
        for other in others:
            if named[one] and named[other]:
                raise UsageError(
                    f"splits: {one} and {other} asked for, expected one of the two; leave one out"
                )


def _values_to_deal(units: Collection[str], values: Sequence[str], apart: Collection[str]) -> set[str]:
    """The values of a column that every part must have: of all units but those apart."""
    return {value for unit, value in zip(units, values, strict=True) if unit not in apart}


def _check_parts(
    manifest: Manifest,
    parts: Parts,
    required: Mapping[str, Sequence[str]],
    wanted_values: Mapping[str, set[str]],
    *,
    wanted: Sequence[str],
) -> None:
    """Refuse a part that is empty, or that lacks a value of a column; `required` has them in units' order."""
    sizes = Counter[str](parts.values())
    for part in wanted:
        if part not in sizes:
            raise ManifestError(
                f"{manifest.path}: no subject is left for {part} out of {len(parts)}, expected at least one; "
                "ask for fewer parts, other shares, or bring more subjects"
            )
    for column, values in required.items():
        found: set[tuple[str, str]] = set(zip(parts.values(), values, strict=True))
        pairs = {(part, value) for part in wanted for value in wanted_values[column]}
        for part, value in sorted(pairs - found):
            raise ManifestError(
                f"{manifest.path}: {part} ({sizes[part]} subjects) has none with {column} {value!r}, "
                f"expected every value of {column}; ask for fewer folds or larger shares, or do not stratify "
                f"by {column} [E603]"
            )
