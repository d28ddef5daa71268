"""An image in memory, and what is needed to write a result back on its grid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from monai_mri.errors import ImageError
from monai_mri.faults import Fault

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

AFFINE_TOLERANCE_MM = 0.01
AFFINE_TOLERANCE_DIRECTION = 1e-3


@dataclass(frozen=True, eq=False)
class NiftiGrid:
    """The grid of a NIfTI file as it lies on disk.

    Attributes:
        shape: Shape on disk, a trailing axis of length 1 included.
        affine: Voxel indices on disk to world mm, 4 x 4.
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
    """

    array: Float32Array
    affine: Float64Array | None
    spacing_mm: tuple[float, ...] | None
    path: Path
    kind: Literal["nifti", "picture"]
    grid: NiftiGrid | None = None


def check_same_grid(image: Picture, mask: Picture) -> None:
    """Make sure that two pictures share one grid.

    Shapes must be equal, origins within 0.01 mm and the other entries of the affine within 1e-3.

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
    if image.array.shape != mask.array.shape:
        return f"mask {_times(mask.array.shape)}, image {_times(image.array.shape)}"
    if image.affine is None or mask.affine is None:
        return "" if image.affine is mask.affine else f"mask is a {mask.kind}, image a {image.kind}"
    gap = np.abs(image.affine - mask.affine)
    origin_mm, direction = float(gap[:3, 3].max()), float(gap[:3, :3].max())
    if origin_mm > AFFINE_TOLERANCE_MM:
        return f"origins {origin_mm:.3g} mm apart (at most {AFFINE_TOLERANCE_MM})"
    if direction > AFFINE_TOLERANCE_DIRECTION:
        return f"voxel axes differ by {direction:.3g} mm (at most {AFFINE_TOLERANCE_DIRECTION})"
    return ""


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(str(length) for length in shape)
