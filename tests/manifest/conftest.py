"""Small cohorts on disk and in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from monai_mri.manifest import Manifest
from monai_mri.manifest.table import as_table


@pytest.fixture
def cohort(tmp_path: Path, make_nifti) -> Path:
    """A folder a subject, as the phantom writes it."""
    for subject in ("sub-001", "sub-002", "sub-003"):
        make_nifti(tmp_path / "cohort" / subject / f"{subject}_flair.nii.gz")
        make_nifti(tmp_path / "cohort" / subject / f"{subject}_plaques.nii.gz")
    return tmp_path / "cohort"


@pytest.fixture(scope="session")
def in_memory() -> Callable[..., Manifest]:
    """A manifest without files: rows from a mapping of subject to the values of its rows."""

    def make(subjects: dict[str, list[str]], *, column="label") -> Manifest:
        rows = [
            {"subject_id": subject, column: value, "flair": f"{subject}/{number}.nii.gz"}
            for subject, values in subjects.items()
            for number, value in enumerate(values)
        ]
        path = Path("cohort.csv")
        return Manifest(path, as_table(rows, where=path))

    return make
