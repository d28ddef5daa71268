"""Read an image or a mask, NIfTI or 2D picture, without torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from monai_mri.errors import ImageError
from monai_mri.faults import Fault
from monai_mri.images.names import PICTURE_SUFFIXES, image_suffix
from monai_mri.images.nifti import read_nifti
from monai_mri.images.packing import require_file
from monai_mri.images.picture import BoolArray, Picture, check_same_grid
from monai_mri.images.raster import read_raster, read_raster_colour

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
        ImageError: the file is missing (E111), empty (E103), a folder (E106), of another kind (E405),
            damaged, or not one finite 3D volume or 2D picture; `read_nifti` and `read_raster` list the codes.
    """
    path = Path(path)
    require_file(path)
    for ending, reader in READERS.items():
        if path.name.lower().endswith(ending):
            return reader(path)
    found = f"a {path.suffix or 'nameless'} file"
    raise Fault("E405", str(path), found, ", ".join(READERS), "convert it").error(ImageError)


def read_colour(path: str | Path) -> tuple[Picture, ...]:
    """Read one image with its colours.

    Args:
        path: as `read_image` takes it.

    Returns:
        Red, green and blue of a 2D picture, each (H, W), see `read_raster_colour`; the volume alone for
        NIfTI.

    Raises:
        ImageError: as `read_image`.
    """
    path = Path(path)
    if image_suffix(path.name) not in PICTURE_SUFFIXES:
        return (read_image(path),)
    require_file(path)
    return read_raster_colour(path)


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


def _require_labels(mask: Picture) -> None:
    where = str(mask.path)
    fractional = mask.array != np.rint(mask.array)
    if fractional.any():
        found = f"{int(fractional.sum())} values such as {float(mask.array[fractional][0]):g}"
        todo = "threshold the mask and save it as integers"
        raise Fault("E305", where, found, "whole numbers", todo).error(ImageError)
    lowest, highest = float(mask.array.min()), float(mask.array.max())
    if lowest < 0:
        found = f"a negative label ({lowest:g})"
        raise Fault("E304", where, found, "0 and above", "correct the mask").error(ImageError)
    if mask.kind == "picture" and 1 < highest <= PICTURE_MASK_THRESHOLD:
        found = f"an ambiguous mask, whose brightest pixel is {highest:g}"
        expected = f"1 or more than {PICTURE_MASK_THRESHOLD}"
        raise Fault("E304", where, found, expected, "save it with 0 and 255").error(ImageError)
