"""Read an image or a mask, NIfTI or 2D picture, without torch."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np

from monai_mri.errors import ImageError
from monai_mri.images.nifti import read_nifti
from monai_mri.images.picture import BoolArray, Picture, check_same_grid
from monai_mri.images.raster import read_raster

READERS: dict[str, Callable[[Path], Picture]] = {
    ".nii": read_nifti,
    ".nii.gz": read_nifti,
    ".jpg": read_raster,
    ".jpeg": read_raster,
    ".png": read_raster,
    ".tif": read_raster,
    ".tiff": read_raster,
}
PICTURE_MASK_THRESHOLD = 127


def read_image(path: str | Path) -> Picture:
    """Read one image.

    Args:
        path: A ``.nii``, ``.nii.gz``, ``.jpg``, ``.jpeg``, ``.png``, ``.tif`` or ``.tiff`` file.

    Returns:
        The picture: float32 (I, J, K) in RAS order for NIfTI, (H, W) grey values otherwise.

    Raises:
        ImageError: the file is missing, empty (E103), a folder (E106), of another kind (E405), damaged, or
            not one finite 3D volume or 2D picture; see `read_nifti` and `read_raster` for the codes.
    """
    path = Path(path)
    _require_file(path)
    for ending, reader in READERS.items():
        if path.name.lower().endswith(ending):
            return reader(path)
    raise ImageError(
        f"{path}: E405 unsupported format {path.suffix or 'without ending'!r}, expected one of "
        f"{', '.join(READERS)}; convert it"
    )


def read_mask(path: str | Path, *, like: Picture | None = None) -> BoolArray:
    """Read a lesion mask, True where there is lesion.

    A NIfTI mask must hold whole numbers of at least 0; every label above 0 is lesion. A picture mask may be
    lossy JPG: above 127 is lesion; a picture whose maximum is 1 is read as {0, 1}. A maximum of 2 to 127 is
    ambiguous and refused.

    Args:
        path: The mask's file, of any kind that `read_image` reads.
        like: The image that the mask belongs to; given, the grids are compared.

    Returns:
        A bool array in the axes of `read_image`. An empty mask is all False.

    Raises:
        ImageError: as `read_image`, and for another grid than ``like`` (E209), negative or ambiguous values
            (E304), values that are not whole numbers (E305).
    """
    mask = read_image(path)
    if like is not None:
        check_same_grid(like, mask)
    return lesions(mask)


def lesions(mask: Picture) -> BoolArray:
    """True where a picture that was read as a mask holds lesion; the rules of `read_mask`.

    Raises:
        ImageError: negative or ambiguous values (E304), values that are not whole numbers (E305).
    """
    _require_labels(mask)
    if mask.kind == "nifti" or mask.array.max() <= 1:
        return mask.array > 0
    return mask.array > PICTURE_MASK_THRESHOLD


def _require_file(path: Path) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise ImageError(f"{path}: no such file, expected an image; check the path") from None
    except (OSError, ValueError) as cause:
        code = "E107 " if getattr(cause, "errno", None) == errno.ELOOP else ""
        why = getattr(cause, "strerror", None) or cause
        raise ImageError(f"{path}: {code}{why}; check the path and its permissions") from None
    if stat.S_ISDIR(status.st_mode):
        raise ImageError(f"{path}: E106 this is a folder, expected an image file; name the file inside")
    if not stat.S_ISREG(status.st_mode) or not os.access(path, os.R_OK):
        raise ImageError(f"{path}: cannot be read as a file, expected an image; check its permissions")
    if status.st_size == 0:
        raise ImageError(f"{path}: E103 empty file (0 bytes), expected an image; copy the file again")


def _require_labels(mask: Picture) -> None:
    fractional = mask.array != np.rint(mask.array)
    if fractional.any():
        example = float(mask.array[fractional][0])
        raise ImageError(
            f"{mask.path}: E305 {int(fractional.sum())} values are not whole numbers, such as {example:g}; "
            "threshold the mask and save it as integers"
        )
    lowest, highest = float(mask.array.min()), float(mask.array.max())
    if lowest < 0:
        raise ImageError(
            f"{mask.path}: E304 negative label {lowest:g}, expected 0 and above; correct the mask"
        )
    if mask.kind == "picture" and 1 < highest <= PICTURE_MASK_THRESHOLD:
        raise ImageError(
            f"{mask.path}: E304 ambiguous mask, its brightest pixel is {highest:g}, expected 1 or more than "
            f"{PICTURE_MASK_THRESHOLD}; save it with 0 and 255"
        )
