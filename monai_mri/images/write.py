"""Write an array as NIfTI on the grid of the image that it was made from."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.errors import ImageError, UsageError
from monai_mri.files import write_whole
from monai_mri.images.names import NIFTI_SUFFIXES
from monai_mri.images.picture import NiftiGrid, Picture

Array = npt.NDArray[Any]


def require_shape(array: Array, picture: Picture) -> None:
    """Make sure that a result has as many voxels along each axis as the image it was made from.

    Raises:
        ImageError: names the image, the shape found and the one expected.
    """
    if array.shape != picture.array.shape:
        raise ImageError(
            f"{picture.path}: the result has shape {array.shape}, expected {picture.array.shape} "
            "like the image; undo crops and padding before writing"
        )


def write_nifti(array: Array, grid: NiftiGrid, path: Path) -> Path:
    """Write an array with the shape, affine and orientation of a file that was read.

    Args:
        array: in the axes of `Picture.array`, that is RAS order; its type is that of the file.
        grid: the file's grid on disk.
        path: ``.nii`` or ``.nii.gz``.

    Returns:
        The path written; the file appears there complete or not at all. The same array gives the same bytes.

    Raises:
        UsageError: the ending is not NIfTI's.
    """
    if not path.name.lower().endswith(NIFTI_SUFFIXES):
        raise UsageError(
            f"{path}: a NIfTI result cannot be written as {path.suffix!r}; end the name in .nii.gz"
        )
    from nibabel.nifti1 import Nifti1Header, Nifti1Image
    from nibabel.nifti2 import Nifti2Header, Nifti2Image

    kinds: tuple[Any, Any] = (Nifti1Header, Nifti1Image)
    if len(grid.header) == Nifti2Header.template_dtype.itemsize:
        kinds = (Nifti2Header, Nifti2Image)
    header = kinds[0](grid.header).as_byteswapped("<")
    header.set_data_dtype(array.dtype)
    header.set_intent("none")
    header["cal_min"], header["cal_max"], header["descrip"] = 0, 0, b""
    content = kinds[1](_on_disk_axes(array, grid), None, header=header).to_bytes()
    packed = gzip.compress(content, 6, mtime=0) if path.name.lower().endswith(".gz") else content
    return write_whole(path, packed)


def _on_disk_axes(array: Array, grid: NiftiGrid) -> Array:
    from nibabel.orientations import apply_orientation, io_orientation, ornt_transform

    canonical = np.array([[0, 1], [1, 1], [2, 1]])
    turned = apply_orientation(array, ornt_transform(canonical, io_orientation(grid.affine)))
    return np.asarray(turned).reshape(grid.shape)
