"""Every fault of the catalogue that a check of a manifest must find, and correct cohorts to spoil.

`FAULTS` maps a name, which starts with the catalogue's row where it has one, to its `Case`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import faulty_files
import faulty_images
import faulty_pictures
import faulty_tables
from faulty_case import Case, Concerned, Kind
from faulty_cohort import Cohort, anatomy, base, person, picture_base, save_nifti, tree

__all__ = [
    "FAULTS",
    "Case",
    "Cohort",
    "Concerned",
    "anatomy",
    "base",
    "copy_of",
    "make",
    "person",
    "picture_base",
    "save_nifti",
    "tree",
]

FAULTS: dict[str, Case] = {
    **faulty_files.FAULTS,
    **faulty_images.FAULTS,
    **faulty_pictures.FAULTS,
    **faulty_tables.FAULTS,
}


def make(kind: Kind, folder: Path, *, side: int = 32) -> Path:
    """A correct cohort of the kind that a fault needs."""
    if kind == "pictures":
        return picture_base(folder)
    return base(folder, 12 if kind == "split volumes" else 6, (side, side, side), splits=kind != "volumes")


def copy_of(manifest: Path, folder: Path) -> Cohort:
    """A cohort to spoil: the same files in another folder."""
    shutil.copytree(manifest.parent, folder, symlinks=True)
    return Cohort(folder / manifest.name)
