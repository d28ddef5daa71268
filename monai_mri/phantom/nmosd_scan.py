"""The field of view of one patient's scan: its size, where the head lies in it, and how it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.grid import Grid

_FIELDS_MM = ((196.0, 224.0), (228.0, 256.0), (174.0, 196.0))
_MIDDLE_MM = (0.0, -17.0)
_SHIFTS_MM = (4.0, 5.0)
_BOTTOMS_MM = (-75.0, -69.0)
_SAGITTAL_SHARE = 0.5
_FINE_MM = 2.5


@dataclass(frozen=True)
class ScanGrid(Grid):
    """Voxels with axes R, A, S around a centre of their own.

    Attributes:
        centre_mm: centre of the field of view in MNI mm.
        sagittal: stored as sagittal slices, axes A, S, R, instead of R, A, S.
    """

    centre_mm: tuple[float, float, float] = (0.0, -17.0, 13.0)
    sagittal: bool = False

    @classmethod
    def drawn(cls, rng: np.random.Generator, voxel_size_mm: float) -> ScanGrid:
        """The field of view of one patient: 196 to 224 x 228 to 256 x 174 to 196 mm, at a place of its own.

        It ends at the medulla, where the template does. Half of the patients are scanned in sagittal slices.
        """
        fields_mm = [rng.uniform(low, high) for low, high in _FIELDS_MM]
        x, y = (
            centre + rng.uniform(-shift, shift) for centre, shift in zip(_MIDDLE_MM, _SHIFTS_MM, strict=True)
        )
        z = rng.uniform(*_BOTTOMS_MM) + fields_mm[2] / 2
        sagittal = bool(rng.random() < _SAGITTAL_SHARE)
        plain = Grid.covering((voxel_size_mm,) * 3, fields_mm)
        return cls(plain.shape, plain.voxel_size_mm, (x, y, z), sagittal)

    @property
    def corner_mm(self) -> tuple[float, float, float]:
        """Lower corner of the field of view in MNI mm."""
        x, y, z = (c - length / 2 for c, length in zip(self.centre_mm, self.extent_mm, strict=True))
        return x, y, z

    def stored(self, voxels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """An array in the order of the file, and the affine that goes with it."""
        if not self.sagittal:
            return voxels, self.affine
        order = np.zeros((4, 4))
        order[1, 0] = order[2, 1] = order[0, 2] = order[3, 3] = 1
        return np.ascontiguousarray(voxels.transpose(1, 2, 0)), self.affine @ order

    @property
    def _parts(self) -> tuple[int, int, int]:
        """How many finer voxels an axis is cut into; up to 2.5 mm a voxel's centre stands for the voxel."""
        a, b, c = (max(1, int(np.ceil(step / _FINE_MM - 1e-6))) for step in self.voxel_size_mm)
        return a, b, c
