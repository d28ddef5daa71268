"""Subjects or rows by class and site of each part of splits, in plain text, to be read before use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from monai_mri.manifest.core import Manifest
from monai_mri.manifest.held import rows_with
from monai_mri.manifest.schema import Splits
from monai_mri.manifest.strata import SET, most_frequent, values_of
from monai_mri.manifest.units import ROW, shared_columns, unit_keys

MOST_CLASSES = 8  # columns of classes; the rest is counted together
MOST_SITES = 12
OTHERS = "(others)"
EMPTY = "(none)"

_Key = tuple[str, str, str]  # part (or unit), site, class; "" is all of them
_T = TypeVar("_T")


@dataclass(frozen=True)
class _Groups:
    """Which unit holds which subject, of which site and class; `rows` is the number of rows of each unit.

    `labelled` is empty unless rows are what is counted by class: then the number of rows of each unit, site
    and class, and the class of every subject is "". `mixed` counts subjects with rows of several classes.
    """

    units: Sequence[str]
    subjects: Sequence[str]
    kinds: Sequence[tuple[str, str]]
    rows: Mapping[str, int]
    labelled: Mapping[_Key, int]
    mixed: int


def describe_splits(manifest: Manifest, splits: Splits) -> str:
    """Subjects in each part, by site and class, with the number of units (unless subjects) and images.

    Of several folds a count is that of the first, then its least and most over all folds in brackets. The
    class is the column that was balanced, else `label`, else the first column to stratify by. A subject
    counts as its most frequent class and site; one that stands in two parts counts in both. Where subjects
    have rows of several classes, rows are counted by class in their place, unless the classes were balanced:
    a subject with tumour in a few of its slices would else count as one without. Warnings stand below.
    """
    column = _class_column(manifest, splits)
    groups = _groups(manifest, splits, column)
    counted = [_counts(groups, fold, splits) for folds in splits.parts for fold in folds]
    found = groups.labelled or [("", *kind) for kind in groups.kinds]
    classes = sorted({name for _, _, name in found}) if column else []
    sites = sorted({kind[0] for kind in groups.kinds})
    header = ["part", "site", *(["units"] if splits.unit != "subject_id" else []), "rows", "subjects"]
    counting = "rows " if groups.labelled else ""
    lines = [[*header, *(f"{counting}{column} {name}" for name in classes)]]
    for part in ("train", "validation", "test", "unused"):
        if not any(counts[part, "", ""] for counts in counted):
            continue
        for site in ("", *(sites if sites != [EMPTY] else [])):
            figures = ["units", "rows"] if splits.unit != "subject_id" else ["rows"]
            overall = [_cell(counted, (part, "", f"#{name}")) if not site else "" for name in figures]
            cells = [_cell(counted, (part, site, name)) for name in ("", *classes)]
            lines.append([part if not site else "", site or "all", *overall, *cells])
    if sites == [EMPTY]:
        lines = [[line[0], *line[2:]] for line in lines]
    blocks = [
        _title(splits, _only_trained(manifest, splits)),
        *_mixed(groups, column),
        _aligned(lines),
        *(f"warning: {line}" for line in splits.warnings),
    ]
    return "\n".join(blocks)


def _only_trained(manifest: Manifest, splits: Splits) -> int:
    """How many subjects are only for training."""
    only = rows_with(manifest, splits.only_train)
    subjects = manifest.table["subject_id"].tolist()
    return len({subject for subject, mark in zip(subjects, only, strict=True) if mark})


def _title(splits: Splits, only_trained: int) -> str:
    unit = "rows" if splits.unit == ROW else splits.unit
    title = f"by {unit}, seed {splits.seed}, stratified by {', '.join(splits.stratify) or 'nothing'}"
    if splits.balance:
        title += f", balanced by {splits.balance}"
    for column, values in splits.hold_out.items():
        title += f", tested on {column} {', '.join(values)}"
    if splits.only_train:
        listed = "; ".join(f"{column} {', '.join(values)}" for column, values in splits.only_train.items())
        title += f"\nonly for training in every fold: {listed} ({only_trained} subjects)"
    if splits.fold_names:
        shown = splits.fold_names[:MOST_SITES]
        more = (
            f" and {len(splits.fold_names) - len(shown)} more" if len(splits.fold_names) > len(shown) else ""
        )
        title += f"\na fold for each {splits.leave_one_out}: {', '.join(shown)}{more}"
    if splits.rotate:
        title += f"\neach fold is the {splits.rotate} part once, the test part is the same in all"
    if splits.folds * splits.repeats > 1:
        title += f"\nthe first of {splits.repeats} x {splits.folds} folds, with (least-most) over all"
    return title


def _mixed(groups: _Groups, column: str) -> list[str]:
    """What a reader must know where subjects have rows of several classes."""
    if not groups.mixed:
        return []
    several = (
        f"{groups.mixed} of {len(set(groups.subjects))} subjects have rows of several values of {column}"
    )
    if groups.labelled:
        return [f"{several}: its columns count rows"]
    return [f"{several}, and count as their most frequent one"]


def _class_column(manifest: Manifest, splits: Splits) -> str:
    wanted = [splits.balance, "label", *(text.removesuffix(f":{SET}") for text in splits.stratify)]
    return next((name for name in wanted if name and name in manifest.table), "")


def _groups(manifest: Manifest, splits: Splits, column: str) -> _Groups:
    keys = unit_keys(manifest, splits.unit)
    subjects: list[str] = manifest.table["subject_id"].tolist()
    site_of = _few(most_frequent(manifest, subjects, "site"), MOST_SITES)
    values = values_of(manifest, subjects, column) if column else {}
    mixed = sum(len(found) > 1 for found in values.values())
    labelled: Counter[_Key] = Counter()
    class_of: dict[str, str] = {}
    if mixed and column != splits.balance:
        labels = _few(dict(enumerate(manifest.table[column].tolist())), MOST_CLASSES)
        labelled = Counter(zip(keys, map(site_of.__getitem__, subjects), labels.values(), strict=True))
    elif column:
        class_of = _few(most_frequent(manifest, subjects, column), MOST_CLASSES)
    pairs = sorted(set(zip(keys, subjects, strict=True)))
    kinds = [(site_of[subject], class_of.get(subject, "")) for _, subject in pairs]
    units = [unit for unit, _ in pairs]
    return _Groups(units, [subject for _, subject in pairs], kinds, Counter(keys), labelled, mixed)


def _few(values: Mapping[_T, str], most: int) -> dict[_T, str]:
    """The values with the rare ones together, so that a table stays readable."""
    common = {value for value, _ in Counter(values.values()).most_common(most)}
    return {key: (value or EMPTY) if value in common else OTHERS for key, value in values.items()}


def _counts(groups: _Groups, fold: Mapping[str, str], splits: Splits) -> Counter[_Key]:
    parts = map(fold.__getitem__, groups.units)
    found: Iterable[tuple[str, tuple[str, str]]] = zip(parts, groups.kinds, strict=True)
    if "subject_id" in shared_columns(splits.unit):
        places = zip(map(fold.__getitem__, groups.units), groups.subjects, groups.kinds, strict=True)
        found = ((part, kind) for part, _, kind in set(places))
    counts: Counter[_Key] = Counter()
    for (part, (site, name)), count in Counter(found).items():
        for key in {(part, site, name), (part, site, ""), (part, "", name), (part, "", "")}:
            counts[key] += count
    if splits.unit != "subject_id":
        for part, count in Counter(fold.values()).items():
            counts[part, "", "#units"] = count
    for (unit, site, name), count in groups.labelled.items():
        for key in ((fold[unit], site, name), (fold[unit], "", name)):
            counts[key] += count
    for part, count in _row_counts(groups, fold).items():
        counts[part, "", "#rows"] = count
    return counts


def _row_counts(groups: _Groups, fold: Mapping[str, str]) -> Counter[str]:
    pairs = Counter(zip(map(fold.__getitem__, groups.rows), groups.rows.values(), strict=True))
    rows: Counter[str] = Counter()
    for (part, size), count in pairs.items():
        rows[part] += size * count
    return rows


def _cell(counted: Sequence[Counter[_Key]], key: _Key) -> str:
    counts = [one[key] for one in counted]
    least, most = min(counts), max(counts)
    return str(counts[0]) if least == most else f"{counts[0]} ({least}-{most})"


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    lines = [[" ".join(cell.splitlines()) for cell in line] for line in lines]
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
