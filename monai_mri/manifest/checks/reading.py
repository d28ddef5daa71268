"""Read a manifest for a check: every fault of the table, the sidecar and the splits, not the first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monai_mri.errors import DataError, ManifestError
from monai_mri.faults import Fault
from monai_mri.manifest.checks.cohort import Cohort
from monai_mri.manifest.checks.finding import Finding
from monai_mri.manifest.core import Manifest, sidecar_path
from monai_mri.manifest.schema import Sidecar, Splits
from monai_mri.manifest.sidecar import read_sidecar
from monai_mri.manifest.splits import read_splits, splits_path
from monai_mri.manifest.table import frame, plain, table_faults
from monai_mri.manifest.text import CsvText, read_csv_text

FORMULA = frozenset("=+-@\t\r")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?%?")


@dataclass(frozen=True)
class Read:
    """What could be read: the cohort, unless the table makes no sense; findings and notes of the text."""

    cohort: Cohort | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()


def read_cohort(path: Path, *, allow_outside: bool = False) -> Read:
    """Read table, sidecar and splits; a table that cannot be opened is a finding."""
    try:
        text = read_csv_text(path)
    except ManifestError as error:
        return Read(None, (Finding.of(_told(error, path), path=path.name),))
    notes = ("starts with a byte-order mark, which is accepted",) if text.bom else ()
    findings = [_of_table(fault, text) for fault in (*text.faults, *_formulas(text))]
    plain(text)
    sidecar, faults = _sidecar(path)
    findings += [Finding.of(fault, path=sidecar_path(path).name) for fault in faults]
    if text.header and not any(fault.code == "E502" for fault in text.faults):
        images = None if sidecar is None else sidecar.modalities
        found = [*table_faults(text, images=images), *_lacking(text, sidecar)]
        findings += [
            _of_table(fault, text) for fault in found if _counts(fault, text, allow_outside=allow_outside)
        ]
        if "subject_id" not in text.header:
            return Read(None, tuple(findings), notes)
    if not text.rows:
        return Read(None, tuple(findings), notes)
    splits, faults = _splits(path)
    findings += [Finding.of(fault, path=splits_path(path).name) for fault in faults]
    manifest = Manifest(path, frame(text.header, text.rows), sidecar, text.sha256)
    return Read(Cohort(manifest, text.lines, splits), tuple(findings), notes)


def _formulas(text: CsvText) -> Iterator[Fault]:
    """E507: cells that a spreadsheet runs. What we write has an apostrophe in front."""
    for column in text.header:
        if column[:1] in FORMULA:
            found = f"a column starts with {column[0]!r}: a spreadsheet runs it as a formula"
            yield Fault("E507", f"{text.path}:1", found, "text", "rename the column")
    for row, line in zip(text.rows, text.lines, strict=True):
        for column, cell in zip(text.header, row, strict=True):
            if cell[:1] in FORMULA and not _NUMBER.fullmatch(cell):
                found = f"{column} starts with {cell[0]!r}: a spreadsheet runs it as a formula"
                todo = "put an apostrophe in front, or delete it"
                yield Fault("E507", f"{text.path}:{line}", found, "text", todo)


def _of_table(fault: Fault, text: CsvText) -> Finding:
    """A fault of the table, said of the subject of its line."""
    line = fault.where.rpartition(":")[2]
    subject = ""
    row = text.row_at.get(int(line)) if line.isdigit() else None
    if row is not None and "subject_id" in text.header:
        subject = text.rows[row][text.header.index("subject_id")]
    where = text.path.name + (f":{line}" if line.isdigit() else "")
    return Finding.of(fault, subject=subject, path=where)


def _counts(fault: Fault, text: CsvText, *, allow_outside: bool) -> bool:
    if fault.code == "E509" and any(why in fault.found for why in ("absolute", "climbs")):
        return not allow_outside
    return fault.found != "no rows" or not text.faults


def _lacking(text: CsvText, sidecar: Sidecar | None) -> Iterator[Fault]:
    for column in () if sidecar is None else sidecar.modalities:
        if column not in text.header:
            todo = "add the column or correct the sidecar"
            expected = "one, because the sidecar names it as a modality"
            yield Fault("E512", f"{text.path}:1", f"no column {column!r}", expected, todo)


def _sidecar(path: Path) -> tuple[Sidecar | None, list[Fault]]:
    if not sidecar_path(path).exists():
        return None, []
    try:
        return read_sidecar(path), []
    except ManifestError as error:
        return None, [_told(error, sidecar_path(path))]


def _splits(path: Path) -> tuple[Splits | None, list[Fault]]:
    if not splits_path(path).exists():
        return None, []
    try:
        return read_splits(splits_path(path)), []
    except DataError as error:
        return None, [_told(error, splits_path(path))]


def _told(error: DataError, path: Path) -> Fault:
    """What a reader's exception says, as a fault."""
    from monai_mri.errors import LeakError

    if error.fault is not None:
        return error.fault
    code = "E601" if isinstance(error, LeakError) else "E111" if path.suffix == ".csv" else "E513"
    message = str(error).removeprefix(f"{path}: ").removeprefix(str(path))
    found, _, rest = message.partition(", expected ")
    expected, _, todo = rest.partition("; ")
    return Fault(code, str(path), found, expected or "a valid file", todo or "make it again")
