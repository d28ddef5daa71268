"""Refuse images whose grid does not fit what a study does with them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from monai.transforms import MapTransform

from monai_mri.errors import ImageError
from monai_mri.images.grids import Grid, grid_difference
from monai_mri.images.picture import Picture
from monai_mri.transforms.read_mri import picture_of

ISOTROPIC = 0.05  # how much longer than another an edge of a voxel may be and still be called equal


class CheckGridd(MapTransform):
    """Compare the grids of images that `ReadMRId` read, before anything is learnt from them.

    Args:
        keys: of the images.
        one_grid: every image must lie on the grid of the first one that came by, as maps in a standard space
            do: dense layers weigh each place by itself, and the same place must be the same anatomy.
        isotropic: the edges of a voxel must be equal, within 5 %: turns of the cube are exact copies of the
            anatomy in no other case.

    Raises:
        ImageError: names the file and what differs (E209 of `one_grid`).
    """

    def __init__(self, keys: str | Sequence[str], *, one_grid: bool = False, isotropic: bool = False) -> None:
        super().__init__(keys)
        self.one_grid, self.isotropic = one_grid, isotropic
        self._first: tuple[str, Grid] | None = None

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Check one sample; it is passed on as it is."""
        for key in self.keys:
            volume = data[key]
            picture = picture_of(volume[:1])
            if self.isotropic:
                _require_isotropic(picture)
            if self.one_grid:
                self._require_first_grid(picture)
        return dict(data)

    def _require_first_grid(self, picture: Picture) -> None:
        affine = None if picture.affine is None else tuple(tuple(row) for row in picture.affine[:3].tolist())
        grid: Grid = (picture.array.shape, affine)
        if self._first is None:
            self._first = (str(picture.path), grid)
            return
        path, wanted = self._first
        found, expected = grid_difference(wanted, grid)
        if found:
            raise ImageError(
                f"{picture.path}: another grid than {path}: {found}, expected {expected}; "
                "bring all images to one space and voxel size, as CAT12 does [E209]"
            )


def _require_isotropic(picture: Picture) -> None:
    spacing_mm = picture.spacing_mm
    if spacing_mm is None or max(spacing_mm) <= (1 + ISOTROPIC) * min(spacing_mm):
        return
    shown = " x ".join(f"{np.round(mm, 3):g}" for mm in spacing_mm)
    raise ImageError(
        f"{picture.path}: voxels of {shown} mm, expected edges of one length, since patches are turned; "
        "resample the scans before patches are cut, or leave out train::augment and this check"
    )
