"""Small cohorts on disk and in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from monai_mri.manifest import Manifest
from monai_mri.manifest.table import as_table


@pytest.fixture
def make_nifti() -> Callable[..., Path]:
    """Write a NIfTI file of 2 x 2 x 4 mm voxels, axes LAS."""

    def make(path: Path, *, shape=(6, 7, 3), shift_mm=0.0, codes=1) -> Path:
        affine = np.diag([-2.0, 2.0, 4.0, 1.0])
        affine[0, 3] += shift_mm
        image = nibabel.Nifti1Image(np.zeros(shape, dtype=np.uint8), affine)
        image.set_sform(affine, code=codes)
        image.set_qform(affine, code=codes)
        path.parent.mkdir(parents=True, exist_ok=True)
        nibabel.save(image, path)
        return path

    return make


@pytest.fixture
def make_picture() -> Callable[..., Path]:
    """Write a picture; `size` is (columns, rows), as Pillow has it."""

    def make(path: Path, *, size=(5, 4), mode="L") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new(mode, size).save(path)
        return path

    return make


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
