"""Summarise a manifest: count, per part and overall, what the first table of a paper has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from monai_mri.errors import UsageError
from monai_mri.manifest.core import Manifest
from monai_mri.manifest.rowparts import parts_beside
from monai_mri.manifest.schema import PARTS
from monai_mri.manifest.summary.columns import Column, is_missing, is_person_level, read_column
from monai_mri.manifest.summary.images import edges_mm, image_variables, missing_images
from monai_mri.manifest.summary.masking import mask_cohort
from monai_mri.manifest.summary.model import Cohort, Cross, Group, Missingness, Unit
from monai_mri.manifest.summary.tally import MOST_LEVELS, Groups, tally

OVERALL = "overall"
UNUSED = "unused"  # neither trained nor tested on, as splits may say
MISSING = "(missing)"
MOST_GROUPS = 40
MOST_PATTERNS = 12
_USUAL = ("site", "label")


def summarise_manifest(
    manifest: Manifest,
    *,
    by: str = "part",
    columns: Sequence[str] = (),
    repeat: int | None = None,
    fold: int | None = None,
    min_count: int = 0,
) -> Cohort:
    """Subjects, scans, age, sex, site, label and images of a cohort, per part and overall. Opens no image.

    `by` is "part" (of the splits file beside, in one `fold` of one `repeat`, by default the first; without
    splits everybody is one group) or a column. `columns` are summarised besides age, sex, site and label.
    A person's value counts once, a scan's once a scan; `Cohort.notes` says where a value varies within
    a person. Differences between groups are standardised mean differences, not p-values (see `differences`).
    `min_count` above 0 masks counts below it (see `mask_cohort`).

    Raises:
        UsageError: no such column, repeat or fold; a column of ids or paths; more than 40 groups.
        ManifestError: the splits beside are not valid, or are another manifest's.
        LeakError: the splits have a subject in two parts.
    """
    _check_columns(manifest, [*columns, *([] if by == "part" else [by])])
    groups = _groups(manifest, by, repeat=repeat, fold=fold)
    subjects = manifest.table["subject_id"].tolist()
    found = [column for column in _read_columns(manifest, columns, subjects) if column.name != by]
    by = by if len(groups) > 1 else ""
    cohort = Cohort(
        name=manifest.path.stem,
        by=by,
        groups=tuple(
            Group(name, len({subjects[row] for row in rows}), len(rows)) for name, rows in groups.items()
        ),
        variables=tuple(tally(column, subjects, groups) for column in found),
        images=tuple(image_variables(manifest, groups)),
        missing=tuple(missing_images(manifest, groups)),
        edges_mm=edges_mm(manifest),
        cross=_cross({column.name: column for column in found}, subjects, groups),
        missingness=_missingness(manifest),
        notes=tuple(_notes(manifest, found, subjects, groups)),
    )
    return mask_cohort(cohort, min_count=min_count) if min_count else cohort


def _check_columns(manifest: Manifest, columns: Sequence[str]) -> None:
    known = [str(column) for column in manifest.table]
    for column in columns:
        if column not in known:
            near = get_close_matches(column, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "choose one of those"
            raise UsageError(
                f"{manifest.path}:1: no column {column!r}, expected one of {', '.join(known)}; {hint}"
            )
        if column == "subject_id" or column in manifest.path_columns:
            raise UsageError(
                f"{manifest.path}: column {column!r} names people or files, expected one that describes "
                "them; leave it out"
            )


def _groups(manifest: Manifest, by: str, *, repeat: int | None, fold: int | None) -> dict[str, list[int]]:
    if by == "part":
        cells, order = parts_beside(manifest, repeat=repeat, fold=fold), [*PARTS, UNUSED]
    else:
        cells = [cell or MISSING for cell in manifest.table[by].tolist()]
        order = sorted(set(cells), key=lambda cell: (*_place(cell), cell))
    everybody = list(range(len(manifest.table)))
    if cells is None:
        return {OVERALL: everybody}
    groups: dict[str, list[int]] = {name: [] for name in order}
    for row, cell in enumerate(cells):
        groups[cell].append(row)
    groups = {name: rows for name, rows in groups.items() if rows}
    if len(groups) > MOST_GROUPS:
        raise UsageError(
            f"{manifest.path}: {by} has {len(groups)} values, expected at most {MOST_GROUPS} groups; "
            f"choose another column, or list it with --columns {by}"
        )
    return {**groups, OVERALL if OVERALL not in groups else "everybody": everybody}


def _place(cell: str) -> tuple[bool, int]:
    """Parts in their usual order before other values, which the alphabet orders; the missing last."""
    return cell == MISSING, PARTS.index(cell) if cell in PARTS else len(PARTS)


def _read_columns(manifest: Manifest, columns: Sequence[str], subjects: Sequence[str]) -> list[Column]:
    names = [str(column) for column in manifest.table]
    usual = [name for name in names if is_person_level(name)] + [name for name in _USUAL if name in names]
    paths = manifest.path_columns
    chosen = dict.fromkeys([*(name for name in usual if name not in paths), *columns])
    read = [read_column(name, manifest.table[name].tolist(), subjects) for name in chosen]
    return [column for column in read if column.name in columns or any(column.cells)]


def _cross(columns: Mapping[str, Column], subjects: Sequence[str], groups: Groups) -> Cross | None:
    """Label by site in each group; None unless both columns are there."""
    if not {"site", "label"} <= columns.keys() or any(columns[name].numeric for name in ("site", "label")):
        return None
    site, label = columns["site"], columns["label"]
    unit: Unit = "scans" if "scans" in (site.unit, label.unit) else "subjects"
    merged = tuple(f"{a or MISSING}\n{b or MISSING}" for a, b in zip(site.cells, label.cells, strict=True))
    pairs = Column("", merged, numeric=False, unit=unit)
    names = list(groups)[:-1] or list(groups)
    counters = [Counter(pairs.items(subjects, groups[name])) for name in names]
    rows, levels = (sorted({cell or MISSING for cell in column.cells}) for column in (site, label))
    if max(len(rows), len(levels)) > MOST_LEVELS:
        return None
    counts = tuple(
        tuple(tuple(counter[f"{row}\n{level}"] for level in levels) for row in rows) for counter in counters
    )
    return Cross(site.name, label.name, unit, tuple(rows), tuple(levels), tuple(names), counts)


def _missingness(manifest: Manifest) -> Missingness:
    columns = {str(name): [is_missing(cell) for cell in manifest.table[name]] for name in manifest.table}
    columns = {name: empty for name, empty in columns.items() if not all(empty)}
    patterns = Counter(zip(*columns.values(), strict=True))
    listed = patterns.most_common(MOST_PATTERNS)
    others = sum(patterns.values()) - sum(count for _, count in listed)
    return Missingness(tuple(columns), tuple(listed), others)


def _notes(
    manifest: Manifest, columns: Sequence[Column], subjects: Sequence[str], groups: Groups
) -> list[str]:
    notes = []
    for column in columns:
        if column.varies:
            once = "the first of each subject counts" if column.unit == "subjects" else "each scan counts"
            notes.append(f"{column.name} varies within {column.varies} subjects: {once}")
        if column.commas:
            notes.append(f"{column.name}: {column.commas} cells have a decimal comma, read as a point")
        if column.strange:
            notes.append(f"{column.name}: {column.strange} cells are no numbers and count as missing")
    seen = Counter(
        subject for rows in list(groups.values())[:-1] for subject in {subjects[row] for row in rows}
    )
    if several := sum(count > 1 for count in seen.values()):
        notes.append(f"{several} subjects are in more than one group: the groups are not independent")
    if manifest.sidecar is None:
        notes.append("no sidecar: voxel sizes and shapes are unknown")
    return notes
