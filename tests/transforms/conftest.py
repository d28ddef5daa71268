"""Small NIfTI files on awkward grids."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

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


@pytest.fixture(params=AFFINES)
def affine(request) -> np.ndarray:
    """One awkward grid after the other."""
    return AFFINES[request.param]


@pytest.fixture
def save_nifti(tmp_path) -> Callable[..., Path]:
    """Write an array as NIfTI and give its path."""

    def save(array, affine=AFFINES["LAS"], name="image.nii.gz") -> Path:
        path = tmp_path / name
        nib.save(nib.Nifti1Image(array, affine), path)
        return path

    return save


@pytest.fixture
def volume() -> np.ndarray:
    """A volume whose voxels all differ."""
    return np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
