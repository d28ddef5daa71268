"""An image in memory, and what is needed to write a result back on its grid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from monai_mri.errors import ImageError
from monai_mri.faults import Fault
from monai_mri.images.grids import Grid, grid_difference

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class NiftiGrid:
    """The grid of a NIfTI file as it lies on disk.

    Attributes:
        shape: Shape on disk, a trailing axis of length 1 included.
        affine: Voxel indices on disk to world, 4 x 4, in the header's unit (nearly always mm).
        orientation: Where each axis on disk points, such as ``"LAS"``.
        header: The header's own bytes, so that a result keeps both forms and their codes exactly.
    """

    shape: tuple[int, ...]
    affine: Float64Array
    orientation: str
    header: bytes


@dataclass(frozen=True, eq=False)
class Picture:
    """One image, read.

    Attributes:
        array: Voxels as float32: (I, J, K) with axes pointing right, anterior, superior for NIfTI, or
            (H, W) for a 2D picture.
        affine: Indices of ``array`` to world mm, 4 x 4; None for a 2D picture.
        spacing_mm: Voxel size along each axis of ``array``; None for a 2D picture, whose pixel size is
            unknown.
        path: Where it was read from.
        kind: ``"nifti"`` or ``"picture"``.
        grid: The grid on disk; None for a 2D picture.
        full_scale: What white is, by the file's type: 255 for a 2D picture of 8 bits; nan where unknown.
        exif_turn: Orientation tag, 1 to 8, by which a 2D picture was turned upright; 1 where it was not.
    """

    array: Float32Array
    affine: Float64Array | None
    spacing_mm: tuple[float, ...] | None
    path: Path
    kind: Literal["nifti", "picture"]
    grid: NiftiGrid | None = None
    full_scale: float = math.nan
    exif_turn: int = 1


def check_same_grid(image: Picture, mask: Picture) -> None:
    """Make sure that two pictures share one grid.

    Shapes must be equal, and no corner more than a tenth of a voxel apart (see `grid_difference`).

    Raises:
        ImageError: E209, naming both files and what differs.
    """
    difference = _grid_difference(image, mask)
    if difference:
        expected, todo = f"the grid of {image.path}", "resample the mask onto the image"
        raise Fault("E209", str(mask.path), f"another grid: {difference}", expected, todo).error(ImageError)


def require_finite(array: npt.NDArray[Any], path: Path) -> None:
    """Make sure that no voxel is NaN or infinite.

    Raises:
        ImageError: E301 with the number of each.
    """
    if np.isfinite(array).all():
        return
    nans, infinities = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    found = f"{nans} NaN and {infinities} infinite of {array.size} voxels"
    todo = "repair the step that wrote this file"
    raise Fault("E301", str(path), found, "finite numbers", todo).error(ImageError)


def _grid_difference(image: Picture, mask: Picture) -> str:
    if (image.affine is None) != (mask.affine is None):
        return f"mask is a {mask.kind}, image a {image.kind}"
    found, expected = grid_difference(_grid(image), _grid(mask))
    return f"{found}, the image has {expected}" if found else ""


def _grid(picture: Picture) -> Grid:
    affine = None if picture.affine is None else tuple(tuple(row) for row in picture.affine[:3].tolist())
    return picture.array.shape, affine
