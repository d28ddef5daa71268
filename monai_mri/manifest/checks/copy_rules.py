"""Images that are one image: the same bytes, the same voxels, near-copies; files that have changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from monai_mri.errors import ManifestError
from monai_mri.faults import Fault
from monai_mri.manifest.checks.cohort import Cohort
from monai_mri.manifest.checks.finding import Finding
from monai_mri.manifest.copies.near import has_detail
from monai_mri.manifest.copies.prints import Fingerprint
from monai_mri.manifest.copies.search import Copy, find_copies
from monai_mri.manifest.schema import FileRecord
from monai_mri.manifest.units import unit_keys

SubjectParts = dict[str, set[str]]

MOST_LISTED = 200  # near-copies listed of one column; the rest is counted
SAME = {"voxels": "the same voxels as", "transformed": "the same voxels, turned or rescaled, as"}


def changed_files(cohort: Cohort) -> Iterator[Finding]:
    """E112: a file that is no longer what it was when the manifest was made."""
    known = _records(cohort)
    for (column, cell), fact in cohort.facts.items():
        record = known.get(cell)
        if record is not None and fact.sha256 and fact.sha256 != record.sha256:
            found = f"SHA-256 {fact.sha256[:12]}"
            todo = "bring the old file back, or make the manifest and its splits again"
            fault = Fault("E112", "", found, f"{record.sha256[:12]} as in the sidecar", todo)
            yield Finding.of(fault, subject=cohort.owners.get((column, cell), ""), path=cell)


def same_bytes(cohort: Cohort) -> Iterator[Finding]:
    """E110: one image's bytes under two subjects; W114: twice under one subject. Masks may be equal."""
    for other, cell, (owner, subject) in same_bytes_pairs(cohort):
        code = "E110" if owner != subject else "W114"
        of_whom = f" of subject {owner}" if owner != subject else ""
        found = f"the same bytes as {other}{of_whom}"
        todo = "list each image once, under one subject"
        yield Finding.of(Fault(code, "", found, "an image of its own", todo), subject=subject, path=cell)


def same_bytes_pairs(cohort: Cohort) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """Each image with the bytes of an earlier one, or that is it by a link: both, and their subjects."""
    known = _records(cohort)
    first: dict[str, tuple[str, str]] = {}
    for column in cohort.images:
        for cell, subject, fact in cohort.files(column):
            record = known.get(cell)
            names = [fact.sha256 or (record.sha256 if record else ""), fact.file_id]
            found = next((first[name] for name in names if name in first), None)
            first |= {name: found or (cell, subject) for name in names if name}
            if found is not None and found[0] != cell:
                yield found[0], cell, (found[1], subject)


def one_file_many_subjects(cohort: Cohort) -> Iterator[Finding]:
    """E110: one file listed under two subjects, in any column; E512: an image that is its own mask."""
    masks = cohort.columns.get("mask", [])
    owners: dict[str, str] = {}
    told: set[tuple[str, str]] = set()
    for column in cohort.manifest.path_columns:
        for row, (cell, subject) in enumerate(zip(cohort.columns[column], cohort.subjects, strict=True)):
            if not cell:
                continue
            owner = owners.setdefault(cell, subject)
            if owner != subject and (cell, subject) not in told:
                told.add((cell, subject))
                found, todo = f"listed under subject {owner}, too", "list each file under one subject"
                yield cohort.finding(Fault("E110", "", found, "one subject", todo), row, path=cell)
            if column != "mask" and masks and masks[row] == cell:
                fault = Fault("E512", "", f"{column} and mask are one file", "two files", "correct the row")
                yield cohort.finding(fault, row, path=cell)


def copies(cohort: Cohort) -> Iterator[Finding]:
    """E110: the same voxels under two subjects; W113, E605: near-copies, the latter in two parts."""
    files, found = find_image_copies(cohort)
    subjects = {files[index][1] for copy in found for index in (copy.first, copy.second)}
    parts = _subject_parts(cohort, subjects) if found else []
    findings = [_copy_finding(files, copy, parts) for copy in found]
    yield from (finding for finding in findings if finding.severity == "error")
    near = [finding for finding in findings if finding.severity == "warning"]
    yield from near[:MOST_LISTED]
    if len(near) > MOST_LISTED:
        found_text = f"{len(near) - MOST_LISTED} more near-copies"
        fault = Fault("W113", "", found_text, "none", "see the first, then check again")
        yield Finding.of(fault, path=cohort.where())


def find_image_copies(cohort: Cohort) -> tuple[list[tuple[str, str]], list[Copy]]:
    """Cell and subject of each image, and the copies among them; same bytes are left out."""
    seen: set[str] = set()
    files, prints = [], []
    for column in cohort.images:
        for cell, subject, fact in cohort.files(column):
            if fact.fingerprint and fact.sha256 not in seen:
                seen.add(fact.sha256)
                files.append((cell, subject))
                prints.append(Fingerprint.from_bytes(fact.fingerprint))
    return files, find_copies(prints, [subject for _, subject in files])


def not_compared(cohort: Cohort) -> str:
    """How many images are too small or too plain to look for near-copies, as a note; empty if none."""
    files = [Fingerprint.from_bytes(fact.fingerprint) for fact in cohort.facts.values() if fact.fingerprint]
    plain = sum(found.small is None or not has_detail(found.small) for found in files)
    if not plain:
        return ""
    return f"{plain} of {len(files)} images are too small or too plain to look for near-copies of them"


def _copy_finding(files: Sequence[tuple[str, str]], copy: Copy, parts: Sequence[SubjectParts]) -> Finding:
    (other, owner), (cell, subject) = files[copy.first], files[copy.second]
    how = f" ({copy.transform})" if copy.transform else ""
    if copy.kind != "near":
        found = f"{SAME[copy.kind]} {other} of subject {owner}{how}"
        fault = Fault("E110", "", found, "an image of its own", "list each image once, under one subject")
        return Finding.of(fault, subject=subject, path=cell)
    apart = next((fold[owner] | fold[subject] for fold in parts if _differ(fold, owner, subject)), set())
    found = f"a near-copy of {other} of subject {owner} (similarity {copy.similarity:.2f}){how}"
    todo = "look at the pair (--pairs PNG); give both one subject_id, or leave one out"
    if apart:
        fault = Fault("E605", "", f"{found}, in {' and '.join(sorted(apart))}", "one part", todo)
    else:
        fault = Fault("W113", "", found, "images of two persons", todo)
    return Finding.of(fault, subject=subject, path=cell)


def _subject_parts(cohort: Cohort, wanted: set[str]) -> list[SubjectParts]:
    """The parts that the rows of each wanted subject are in, for each fold.

    Without splits they are those of the column `official_part`; with splits of another table there are none.
    """
    splits = cohort.splits
    if splits is None and "official_part" in cohort.columns:
        given: SubjectParts = defaultdict(set)
        for subject, part in zip(cohort.subjects, cohort.columns["official_part"], strict=True):
            if subject in wanted:
                given[subject] |= {part} - {""}
        return [given]
    if splits is None or splits.manifest_sha256 != cohort.manifest.sha256:
        return []
    try:
        units = unit_keys(cohort.manifest, splits.unit)
    except (KeyError, ManifestError):  # told by the rule about splits
        return []
    rows = [pair for pair in zip(cohort.subjects, units, strict=True) if pair[0] in wanted]
    folds = []
    for fold in (fold for repeat in splits.parts for fold in repeat):
        parts: SubjectParts = defaultdict(set)
        for subject, unit in rows:
            parts[subject] |= {fold.get(unit, "unused")} - {"unused"}
        folds.append(parts)
    return folds


def _differ(fold: SubjectParts, one: str, other: str) -> bool:
    return bool(fold[one] and fold[other] and len(fold[one] | fold[other]) > 1)


def _records(cohort: Cohort) -> dict[str, FileRecord]:
    return cohort.manifest.sidecar.files if cohort.manifest.sidecar else {}
