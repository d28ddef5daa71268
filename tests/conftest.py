"""Fixtures that every package's tests share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[1]
OBLIQUE = np.array(
    [[-0.9, 0.12, 0.2, 31.0], [0.1, 0.85, -0.6, -17.5], [0.15, 0.3, 2.9, 8.25], [0, 0, 0, 1]], dtype=float
)
AFFINES = {
    "RAS": np.array([[1.0, 0, 0, -5], [0, 1.2, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1]]),
    "LAS": np.array([[-1.0, 0, 0, 90], [0, 1, 0, -126], [0, 0, 1, -72], [0, 0, 0, 1]]),
    "LPI": np.array([[-0.9, 0, 0, 11.5], [0, -1.1, 0, 12], [0, 0, -4, 13], [0, 0, 0, 1]]),
    "oblique": OBLIQUE,
    "PSR": np.array([[0, 0, 2.5, -4], [-1.5, 0, 0, 33], [0, 1.25, 0, -2], [0, 0, 0, 1]]),
}


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout under test."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of openly licensed MRI, or a skip that says how to have it."""
    folder = os.environ.get("MONAI_MRI_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("MONAI_MRI_DATA does not name a folder of the open data sets (see docs/data.md)")
    return Path(folder)


@pytest.fixture(params=AFFINES)
def affine(request) -> np.ndarray:
    """One awkward grid after the other."""
    return AFFINES[request.param]


@pytest.fixture
def save_nifti(tmp_path) -> Callable[..., Path]:
    """Write an array as NIfTI and give its path."""

    def save(array, affine=AFFINES["LAS"], name="image.nii.gz") -> Path:
        path = tmp_path / name
        nibabel.save(nibabel.Nifti1Image(array, affine), path)
        return path

    return save


@pytest.fixture
def volume() -> np.ndarray:
    """A volume whose voxels all differ."""
    return np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)


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
