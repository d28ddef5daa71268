"""A manifest with the facts of its files: what the rules that compare files look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from monai_mri.faults import Fault
from monai_mri.manifest.checks.facts import Facts
from monai_mri.manifest.checks.finding import Finding
from monai_mri.manifest.core import Manifest
from monai_mri.manifest.schema import Splits

UNKNOWN = Facts()


@dataclass(frozen=True)
class Cohort:
    """The table's columns, the line of each row, and the facts of each file by column and cell."""

    manifest: Manifest
    lines: Sequence[int]
    splits: Splits | None = None
    facts: Mapping[tuple[str, str], Facts] = field(default_factory=dict)

    @cached_property
    def columns(self) -> dict[str, list[str]]:
        """Each column's cells."""
        table = self.manifest.table
        return {str(column): table[column].tolist() for column in table}

    @property
    def images(self) -> tuple[str, ...]:
        """Columns with images, without masks."""
        return self.manifest.modalities

    @property
    def subjects(self) -> list[str]:
        """The subject of each row."""
        return self.columns["subject_id"]

    @cached_property
    def rows(self) -> range:
        """The number of each row."""
        return range(len(self.lines))

    @cached_property
    def owners(self) -> dict[tuple[str, str], str]:
        """The first subject that lists a file, by column and cell."""
        owners: dict[tuple[str, str], str] = {}
        for column in self.manifest.path_columns:
            for cell, subject in zip(self.columns[column], self.subjects, strict=True):
                if cell:
                    owners.setdefault((column, cell), subject)
        return owners

    def fact(self, column: str, cell: str) -> Facts:
        """The facts of a file; empty ones where nothing is known."""
        return self.facts.get((column, cell), UNKNOWN)

    def files(self, column: str) -> Iterator[tuple[str, str, Facts]]:
        """Each file of a column once: cell, first subject, facts."""
        for (found, cell), subject in self.owners.items():
            if found == column:
                yield cell, subject, self.fact(column, cell)

    def finding(self, fault: Fault, row: int, *, path: str = "") -> Finding:
        """A fault of one row."""
        return Finding.of(fault, subject=self.subjects[row], path=path or self.where(row))

    def where(self, row: int | None = None) -> str:
        """The table's name, with the line of a row."""
        name = self.manifest.path.name
        return name if row is None else f"{name}:{self.lines[row]}"
