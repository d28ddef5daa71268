"""Images that are one image: the same bytes, the same voxels, near-copies; files that have changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monai_mri.faults import Fault
from monai_mri.manifest.checks.cohort import Cohort
from monai_mri.manifest.checks.finding import Finding
from monai_mri.manifest.copies.prints import Fingerprint
from monai_mri.manifest.copies.search import Copy, find_copies
from monai_mri.manifest.schema import FileRecord

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
    """E110: one image's bytes under two subjects; W114: twice under one subject."""
    known = _records(cohort)
    for column in cohort.images:
        first: dict[str, tuple[str, str]] = {}
        for cell, subject, fact in cohort.files(column):
            record = known.get(cell)
            sha256 = fact.sha256 or (record.sha256 if record else "")
            if not sha256:
                continue
            other, owner = first.setdefault(sha256, (cell, subject))
            if other == cell:
                continue
            code = "E110" if owner != subject else "W114"
            of_whom = f" of subject {owner}" if owner != subject else ""
            found = f"the same bytes as {other}{of_whom}"
            todo = "list each image once, under one subject"
            fault = Fault(code, "", found, "an image of its own", todo)
            yield Finding.of(fault, subject=subject, path=cell)


def one_file_many_subjects(cohort: Cohort) -> Iterator[Finding]:
    """E110: one file listed under two subjects."""
    for column in cohort.images:
        told: set[tuple[str, str]] = set()
        for row, (cell, subject) in enumerate(zip(cohort.columns[column], cohort.subjects, strict=True)):
            owner = cohort.owners.get((column, cell), subject)
            if cell and owner != subject and (cell, subject) not in told:
                told.add((cell, subject))
                found, todo = f"listed under subject {owner}, too", "list each image under one subject"
                yield cohort.finding(Fault("E110", "", found, "one subject", todo), row, path=cell)


def copies(cohort: Cohort) -> Iterator[Finding]:
    """E110: the same voxels under two subjects; W113, E605: near-copies, the latter in two parts."""
    for column in cohort.images:
        files, found = find_column_copies(cohort, column)
        near = [copy for copy in found if copy.kind == "near"]
        for copy in [*(copy for copy in found if copy.kind != "near"), *near[:MOST_LISTED]]:
            yield _copy_finding(cohort, files, copy)
        if len(near) > MOST_LISTED:
            found_text = f"{len(near) - MOST_LISTED} more near-copies among {column}"
            fault = Fault("W113", "", found_text, "none", "see the first, then check again")
            yield Finding.of(fault, path=cohort.where())


def find_column_copies(cohort: Cohort, column: str) -> tuple[list[tuple[str, str]], list[Copy]]:
    """Cell and subject of each image of a column, and the copies among them; same bytes are left out."""
    seen: set[str] = set()
    files, prints = [], []
    for cell, subject, fact in cohort.files(column):
        if fact.fingerprint and fact.sha256 not in seen:
            seen.add(fact.sha256)
            files.append((cell, subject))
            prints.append(Fingerprint.from_bytes(fact.fingerprint))
    return files, find_copies(prints, [subject for _, subject in files])


def _copy_finding(cohort: Cohort, files: Sequence[tuple[str, str]], copy: Copy) -> Finding:
    (other, owner), (cell, subject) = files[copy.first], files[copy.second]
    how = f" ({copy.transform})" if copy.transform else ""
    if copy.kind != "near":
        found = f"{SAME[copy.kind]} {other} of subject {owner}{how}"
        fault = Fault("E110", "", found, "an image of its own", "list each image once, under one subject")
        return Finding.of(fault, subject=subject, path=cell)
    apart = _apart(cohort, owner, subject)
    found = f"a near-copy of {other} of subject {owner} (similarity {copy.similarity:.2f}){how}"
    todo = "look at the pair (--pairs PNG); give both one subject_id, or leave one out"
    if apart:
        fault = Fault("E605", "", f"{found}, in {apart}", "one part", todo)
    else:
        fault = Fault("W113", "", found, "images of two persons", todo)
    return Finding.of(fault, subject=subject, path=cell)


def _apart(cohort: Cohort, one: str, other: str) -> str:
    """The two parts that the splits put two subjects in, of the first fold that does; empty if none."""
    splits = cohort.splits
    if splits is None or splits.unit != "subject_id":
        return ""
    for parts in (fold for repeat in splits.parts for fold in repeat):
        found = {parts.get(one, "unused"), parts.get(other, "unused")} - {"unused"}
        if len(found) == 2:
            return " and ".join(sorted(found))
    return ""


def _records(cohort: Cohort) -> dict[str, FileRecord]:
    return cohort.manifest.sidecar.files if cohort.manifest.sidecar else {}
