"""Check a manifest as deep as asked: every fault in one pass, nothing changed on disk."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from monai_mri.errors import UsageError
from monai_mri.manifest.checks import copy_rules, image_rules, table_rules
from monai_mri.manifest.checks.cohort import Cohort
from monai_mri.manifest.checks.facts import DEPTHS, Depth
from monai_mri.manifest.checks.files import FileReader
from monai_mri.manifest.checks.finding import Finding
from monai_mri.manifest.checks.reading import read_cohort

Rule = Callable[[Cohort], Iterator[Finding]]

TABLE_RULES: tuple[Rule, ...] = (
    table_rules.no_images,
    table_rules.id_spellings,
    table_rules.label_spellings,
    table_rules.decimal_commas,
    table_rules.case_only,
    table_rules.missing_images,
    table_rules.site_tells_label,
    table_rules.one_scan_many_subjects,
    copy_rules.one_file_many_subjects,
    copy_rules.same_bytes,
    table_rules.parts,
)
FILE_RULES: tuple[Rule, ...] = (
    image_rules.grids_of_a_row,
    image_rules.mixed_handedness,
    image_rules.mixed_channels,
    image_rules.mixed_bits,
    image_rules.mixed_scaling,
    image_rules.empty_masks,
    copy_rules.changed_files,
    copy_rules.copies,
)


@dataclass(frozen=True)
class CheckResult:
    """What a check found. `notes` are no faults; `ignored` counts findings left out on request, by code.

    `files` is how many files were looked at, `cached` how many of them were known from before. `cohort`
    holds the facts of each file; None where the table made no sense.
    """

    path: Path
    depth: Depth
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    ignored: Counter[str] | None = None
    files: int = 0
    cached: int = 0
    seconds: float = 0.0
    cohort: Cohort | None = None

    @property
    def errors(self) -> int:
        """How many findings are errors; 0 means the manifest can be used."""
        return sum(finding.severity == "error" for finding in self.findings)


def check_manifest(  # noqa: PLR0913 - all but the path are keywords with a default
    path: Path,
    *,
    depth: str = "header",
    phi: bool = False,
    schema: Path | None = None,
    ignore: Sequence[str] = (),
    allow_outside: bool = False,
    jobs: int | None = None,
    cache: Path | None = None,
    progress: bool = False,
) -> CheckResult:
    """Look for what is wrong with a manifest and its images; the codes stand in docs/manifest-check.md.

    Args:
        path: The manifest's CSV; its sidecar and splits are looked for beside it.
        depth: "table" opens no image, "header" reads the first bytes of each, "voxels" all of it.
        phi: Whether to look for what identifies a person, too.
        schema: JSON Schema of a study's rows (`data_manifests/<study>.schema.json`) that rows must fit.
        ignore: Codes to leave out, such as "E511".
        allow_outside: Whether to read files outside the manifest's root.
        jobs: Files read at once; by default one a processor core.
        cache: Folder in which results are kept, by path, size and time of change; None keeps nothing.
        progress: Whether to show a progress bar on a terminal.

    Raises:
        UsageError: no such depth.
    """
    if depth not in DEPTHS:
        raise UsageError(f"depth {depth!r}, expected one of {', '.join(DEPTHS)}; choose one of those")
    level: Depth = next(known for known in DEPTHS if known == depth)
    start = time.perf_counter()
    read = read_cohort(Path(path), allow_outside=allow_outside)
    findings, cohort, cached = list(read.findings), read.cohort, 0
    if cohort is not None:
        if level != "table":
            reader = FileReader(level, jobs=jobs, cache=cache, progress=progress)
            cohort, found = reader.read(cohort, allow_outside=allow_outside)
            findings, cached = [*findings, *found], reader.cached
        rules = TABLE_RULES if level == "table" else (*TABLE_RULES, *FILE_RULES)
        findings += [finding for rule in rules for finding in rule(cohort)]
        findings += _of_schema(cohort, schema) if schema else []
        findings += _identity(cohort, level, jobs) if phi else []
    notes = [*read.notes, *filter(None, [copy_rules.not_compared(cohort) if cohort else ""])]
    unique = sorted(set(findings))
    return CheckResult(
        path=Path(path),
        depth=level,
        findings=tuple(finding for finding in unique if finding.code not in ignore),
        notes=tuple(notes),
        ignored=Counter(finding.code for finding in unique if finding.code in ignore),
        files=0 if cohort is None else len(cohort.facts),
        cached=cached,
        seconds=time.perf_counter() - start,
        cohort=cohort,
    )


def _of_schema(cohort: Cohort, schema: Path) -> list[Finding]:
    from monai_mri.manifest.checks.schema_rules import schema_findings

    return list(schema_findings(cohort, schema))


def _identity(cohort: Cohort, depth: Depth, jobs: int | None) -> list[Finding]:
    from monai_mri.manifest.checks.identity_rules import identity_findings

    return list(identity_findings(cohort, depth=depth, jobs=jobs))
