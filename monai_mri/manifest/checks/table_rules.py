"""What the table alone shows: ids and labels in two spellings, missing images, label and site as one."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from monai_mri.faults import Fault
from monai_mri.manifest.checks.association import cramers_v
from monai_mri.manifest.checks.cohort import Cohort
from monai_mri.manifest.checks.finding import Finding
from monai_mri.manifest.copies.series import scan_series
from monai_mri.manifest.leaks import splits_faults
from monai_mri.manifest.spelling import near_spellings, same_id
from monai_mri.manifest.splits import splits_path

MOST_VALUES = 50  # a column with more values is no category
CONFOUNDED = 0.5  # Cramér's V, from 0 to 1
CHANCE = 0.001
SITES = ("site", "scanner")
CLASSES = ("label", *SITES)
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def id_spellings(cohort: Cohort) -> Iterator[Finding]:
    """E503: ids of one person in two spellings: they differ by zeros, case or spaces only."""
    rows: dict[str, int] = {}
    for row, subject in enumerate(cohort.subjects):
        rows.setdefault(subject, row)
    kinds: dict[str, list[str]] = defaultdict(list)
    for subject in rows:
        kinds[same_id(subject)].append(subject)
    for spellings in kinds.values():
        for other in spellings[1:]:
            found = (
                f"ids {spellings[0]!r} and {other!r}, which differ only by zeros, case, spaces or a prefix"
            )
            todo = "write one person's id in one way, or give two persons ids that differ more"
            yield cohort.finding(Fault("E503", "", found, "one spelling a person", todo), rows[other])


def label_spellings(cohort: Cohort) -> Iterator[Finding]:
    """E506: values of a category in two spellings, such as tumor, Tumor and tumour."""
    paths = {*cohort.manifest.path_columns, "subject_id", "session_id"}
    for column, cells in cohort.columns.items():
        counts = Counter(cells)
        many = MOST_VALUES if column in CLASSES else min(MOST_VALUES, max(2, len(cells) // 2))
        if column in paths or len(counts) > many:
            continue
        for rare, common in near_spellings(counts, typing_errors=column in CLASSES):
            found = f"{column} {rare!r} ({counts[rare]}) beside {common!r} ({counts[common]})"
            todo = "write one class in one way"
            yield cohort.finding(Fault("E506", "", found, "one spelling a class", todo), cells.index(rare))


def decimal_commas(cohort: Cohort) -> Iterator[Finding]:
    """W514: numbers with decimal commas, as some spreadsheets export them."""
    paths = {*cohort.manifest.path_columns, "subject_id", "session_id"}
    for column, cells in cohort.columns.items():
        values = {cell for cell in cells if cell} if column not in paths else set()
        commas = {cell for cell in values if DECIMAL_COMMA.fullmatch(cell)}
        if commas and all(cell in commas or NUMBER.fullmatch(cell) for cell in values):
            todo = "export it with points; programs read such cells as text"
            fault = Fault("W514", "", f"{column} has decimal commas ({min(commas)})", "decimal points", todo)
            yield cohort.finding(fault, next(row for row, cell in enumerate(cells) if cell in commas))


def case_only(cohort: Cohort) -> Iterator[Finding]:
    """E510: two paths that differ only by case are one file on some machines, two on others."""
    for column in cohort.manifest.path_columns:
        first: dict[str, str] = {}
        for row, cell in enumerate(cohort.columns[column]):
            other = first.setdefault(cell.lower(), cell)
            if other != cell:
                fault = Fault("E510", "", f"differs from {other} only by case", "one spelling", "rename one")
                yield cohort.finding(fault, row, path=cell)


def missing_images(cohort: Cohort) -> Iterator[Finding]:
    """E511: a row without an image that other rows have."""
    for column in cohort.images:
        cells = cohort.columns[column]
        if not all(cells):
            for row in (row for row, cell in enumerate(cells) if not cell):
                todo = "add its path, leave the row out, or accept it with --ignore E511"
                yield cohort.finding(Fault("E511", "", f"no {column}", "a path in each row", todo), row)


def no_images(cohort: Cohort) -> Iterator[Finding]:
    """E512: no column with images at all."""
    if not any(any(cohort.columns[column]) for column in cohort.images):
        todo = "name the column of images in the sidecar's modalities"
        fault = Fault("E512", "", "no column with paths of images", "one a modality", todo)
        yield Finding.of(fault, path=cohort.where())


def site_tells_label(cohort: Cohort) -> Iterator[Finding]:
    """W604: who knows the site knows the label, so a network can learn the scanner instead."""
    for site in (name for name in SITES if name in cohort.columns and "label" in cohort.columns):
        both = zip(cohort.columns[site], cohort.columns["label"], strict=True)
        by_subject = dict(zip(cohort.subjects, both, strict=True))
        pairs = [pair for pair in by_subject.values() if all(pair)]
        strength, chance = cramers_v(pairs)
        if strength >= CONFOUNDED and chance < CHANCE:
            found = f"{site} tells the label: Cramér's V {strength:.2f} over {len(pairs)} subjects"
            todo = "test on sites that were not trained on (split --hold-out), or add controls from each site"
            fault = Fault("W604", "", found, f"labels spread over each {site}", todo)
            yield Finding.of(fault, path=cohort.where())


def parts(cohort: Cohort) -> Iterator[Finding]:
    """E601, E603 and what else is wrong with the splits beside the manifest."""
    if cohort.splits is None:
        return
    for fault in splits_faults(cohort.manifest, cohort.splits):
        told = Fault(fault.code or "E513", "", fault.found, fault.expected, fault.todo)
        yield Finding.of(told, path=splits_path(cohort.manifest.path).name)


def one_scan_many_subjects(cohort: Cohort) -> Iterator[Finding]:
    """W115: rows that look like slices of one scan, each under a subject of its own."""
    for column in cohort.images:
        cells = cohort.columns[column]
        rows = [row for row, cell in enumerate(cells) if cell]
        for series in scan_series([cohort.subjects[row] for row in rows], [cells[row] for row in rows]):
            members = [rows[index] for index in series.rows]
            first, last = cells[members[0]], cells[members[-1]]
            found = f"{len(members)} files like slices of one scan, from {first} to {last}, "
            found += f"under {len({cohort.subjects[row] for row in members})} subjects"
            todo = "give them one subject_id (create --option subject_pattern=…)"
            fault = Fault("W115", "", found, "one subject a scan", todo)
            yield cohort.finding(fault, members[0], path=first)
