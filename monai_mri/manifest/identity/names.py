"""Identity in the manifest itself: names of files and columns, and the cells of every column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from monai_mri.faults import Fault
from monai_mri.manifest.core import Manifest
from monai_mri.manifest.identity.tables import Column, column_traces

if TYPE_CHECKING:
    from monai_mri.manifest.checks.finding import Finding

TODO = {
    "E803": ("the study's own ids only", "remove the column, or replace the value in the table and on disk"),
    "W804": (
        "nothing that leads to a person",
        "replace it in the table and on disk if it belongs to a person",
    ),
    "W806": ("none if the site must not be known", "remove the column"),
}


def name_faults(manifest: Manifest) -> Iterator[Finding]:
    """What file names, column names and cells give away: E803, W804, W806. No file is opened.

    One finding for each column and kind, with the number of cells and the first row; the value is redacted,
    so neither `subject` nor `path` is given. A million rows take as long as their different cells.
    """
    from monai_mri.manifest.checks.finding import Finding  # the package of checks imports this one

    columns = {str(name): manifest.table[name].tolist() for name in manifest.table}
    for found in column_traces(columns, paths=manifest.path_columns):
        yield Finding.of(as_fault(found, where=str(manifest.path)))


def as_fault(found: Column, *, where: str) -> Fault:
    """The fault of a column."""
    expected, todo = TODO[found.code]
    return Fault(found.code, where, found.found, expected, todo)
