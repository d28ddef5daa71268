"""The head of one synthetic patient on a lattice of voxels: which tissue lies where, in any box."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.anatomy import Anatomy, load_anatomy
from monai_mri.phantom.deform import Deformation
from monai_mri.phantom.grid import Grid

FloatArray = NDArray[np.float32]
Index = NDArray[np.intp]


class Head:
    """The template's anatomy, displaced to be one patient's.

    Args:
        rng: draws the displacement.
        grid: the lattice.
    """

    def __init__(self, rng: np.random.Generator, *, grid: Grid) -> None:
        self.grid = grid
        self.anatomy: Anatomy = load_anatomy(step_mm=2 if min(grid.voxel_size_mm) >= 2 else 1)
        self._deformation = Deformation(rng, origin_mm=grid.corner_mm, extent_mm=grid.extent_mm)

    def tissues(self, axes_mm: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Shares of white and grey matter and fluid, and of deep grey matter, which holds iron."""
        from scipy import ndimage

        points = self._deformation.template_points_mm(axes_mm)
        x, y, z = points
        radius = np.sqrt(((np.abs(x) - 20) / 15) ** 2 + (y / 23) ** 2 + ((z - 3) / 14) ** 2)
        nuclei = np.clip(4 * (1 - radius), 0, 1)
        origin = np.asarray(self.anatomy.origin_mm, dtype=np.float32)[:, None, None, None]
        indices = (points - origin) / np.float32(self.anatomy.step_mm)
        wm, gm, csf = (
            ndimage.map_coordinates(share, indices, order=1, output=np.float32)
            for share in (self.anatomy.wm, self.anatomy.gm, self.anatomy.csf)
        )
        return wm, gm, csf, gm * nuclei

    def axes_mm(self, start: Index, shape: Sequence[int] | Index) -> list[FloatArray]:
        """World mm of the voxels' centres along each axis of a box that starts at a lattice index."""
        return [
            (corner + (np.arange(first, first + n) + 0.5) * step).astype(np.float32)
            for corner, first, n, step in zip(
                self.grid.corner_mm, start, shape, self.grid.voxel_size_mm, strict=True
            )
        ]

    def draw_white_matter_mm(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """A point in this head's white matter, as lesions choose it: 40 % beside the ventricles."""
        near, far = _white_matter(self.anatomy)
        pool = near if rng.random() < 0.4 else far
        point = pool[rng.integers(len(pool))] * self.anatomy.step_mm + np.asarray(self.anatomy.origin_mm)
        return self._point_mm(point + rng.uniform(-0.5, 0.5, 3))

    def _point_mm(self, template_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """The point of this head that lies at a template's point, to about 0.1 mm."""
        point = template_mm.copy()
        for _ in range(4):
            moved = self._deformation.template_points_mm([np.array([value]) for value in point]).ravel()
            point += template_mm - moved
        return point


@lru_cache(maxsize=2)
def _white_matter(anatomy: Anatomy) -> tuple[Index, Index]:
    """Voxels where a lesion may be centred: beside the ventricles, and in white matter elsewhere."""
    z = anatomy.axes_mm[2]
    white = (anatomy.wm > 0.85) & (z > -38)
    wall = anatomy.ventricle_mm
    return np.argwhere(white & (wall > 2) & (wall < 7)), np.argwhere(white & (wall >= 7))
