"""The voxel grid of a cohort's images, and the finer one that their voxels are averaged from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CENTRE_MM = (0.0, -17.0, 13.0)
_HEAD_MM = (192.0, 230.0, 170.0)
_FINE_MM = (1.3, 1.3, 2.5)


@dataclass(frozen=True)
class Grid:
    """Voxels with axes R, A, S around the centre of the MNI head.

    Attributes:
        shape: voxels along each axis.
        voxel_size_mm: edge lengths of a voxel.
    """

    shape: tuple[int, int, int]
    voxel_size_mm: tuple[float, float, float]

    @classmethod
    def covering(cls, voxel_size_mm: Sequence[float], shape_mm: Sequence[float] | None = None) -> Grid:
        """The smallest grid that covers a field of view; the whole head, 192 x 230 x 170 mm, by default.

        >>> Grid.covering((1.0, 1.0, 4.0)).shape
        (192, 230, 43)
        """
        i, j, k = (
            max(1, int(np.ceil(length / step - 1e-6)))
            for length, step in zip(shape_mm or _HEAD_MM, voxel_size_mm, strict=True)
        )
        x, y, z = (float(step) for step in voxel_size_mm)
        return cls((i, j, k), (x, y, z))

    @property
    def extent_mm(self) -> tuple[float, float, float]:
        """Edge lengths of the field of view."""
        x, y, z = (n * step for n, step in zip(self.shape, self.voxel_size_mm, strict=True))
        return x, y, z

    @property
    def corner_mm(self) -> tuple[float, float, float]:
        """Lower corner of the field of view in MNI mm."""
        x, y, z = (c - length / 2 for c, length in zip(_CENTRE_MM, self.extent_mm, strict=True))
        return x, y, z

    @property
    def affine(self) -> NDArray[np.float64]:
        """Voxel indices to MNI mm (RAS+), 4 x 4; voxel centres have whole indices."""
        affine = np.diag([*self.voxel_size_mm, 1.0])
        affine[:3, 3] = np.asarray(self.corner_mm) + np.asarray(self.voxel_size_mm) / 2
        return affine

    @property
    def axes_mm(self) -> list[NDArray[np.float64]]:
        """MNI coordinates of the voxel centres along each axis."""
        return self._axes((1, 1, 1))

    @property
    def fine_axes_mm(self) -> list[NDArray[np.float64]]:
        """The same for the finer grid."""
        return self._axes(self._parts)

    def average(self, fine: NDArray[Any]) -> NDArray[np.float32]:
        """Mean of the finer grid's values over each voxel."""
        (i, j, k), (a, b, c) = self.shape, self._parts
        blocks: NDArray[np.float32] = fine.reshape(i, a, j, b, k, c).mean(axis=(1, 3, 5), dtype=np.float32)
        return blocks

    @property
    def _parts(self) -> tuple[int, int, int]:
        """How many finer voxels an axis of a voxel is cut into."""
        a, b, c = (
            max(1, int(np.ceil(step / fine - 1e-6)))
            for step, fine in zip(self.voxel_size_mm, _FINE_MM, strict=True)
        )
        return a, b, c

    def _axes(self, parts: Sequence[int]) -> list[NDArray[np.float64]]:
        return [
            corner + (np.arange(n * part) + 0.5) * step / part
            for corner, n, step, part in zip(
                self.corner_mm, self.shape, self.voxel_size_mm, parts, strict=True
            )
        ]
