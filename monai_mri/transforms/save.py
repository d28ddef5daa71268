"""Write a mask or a probability map on the grid of the image it was made from."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.errors import ImageError, UsageError
from monai_mri.files import write_whole
from monai_mri.images import require_shape, write_nifti
from monai_mri.images.names import NIFTI_SUFFIXES, image_suffix
from monai_mri.images.picture import BoolArray, Picture

Array = npt.NDArray[Any]

# Each packed without loss, and opened by every viewer of pictures.
PICTURE_FORMATS: dict[str, dict[str, str]] = {
    ".png": {"format": "PNG"},
    ".tif": {"format": "TIFF", "compression": "tiff_lzw"},
    ".tiff": {"format": "TIFF", "compression": "tiff_lzw"},
}


def write_mask(mask: BoolArray, picture: Picture, out_path: str | Path) -> Path:
    """Write a lesion mask.

    Args:
        mask: bool, of the shape and axes of ``picture.array``.
        picture: The image that the mask was made from.
        out_path: ``.nii`` or ``.nii.gz`` for a NIfTI image: uint8, 0 and 1, with the shape, affine and
            orientation of the file that was read. ``.png`` or ``.tif`` for a picture: 8 bits, 0 and 255, of
            the size of the picture as it is displayed.

    Returns:
        The path written; the file appears there complete or not at all.

    Raises:
        ImageError: the shape differs from the picture's.
        UsageError: the ending does not suit the picture's kind.
    """
    require_shape(mask, picture)
    if picture.grid is None:
        return _write_grey(mask.astype(np.uint8) * 255, Path(out_path))
    return write_nifti(mask.astype(np.uint8), picture.grid, Path(out_path))


def write_probability(probability: Array, picture: Picture, out_path: str | Path) -> Path:
    """Write a map of probabilities.

    As `write_mask`, but float32 in a NIfTI file, and ``round(255 p)`` in a PNG or TIFF.

    Args:
        probability: 0 to 1, of the shape and axes of ``picture.array``.
        picture: The image that the map was made from.
        out_path: ``.nii`` or ``.nii.gz`` for a NIfTI image, ``.png`` or ``.tif`` for a picture.

    Returns:
        The path written; the file appears there complete or not at all.

    Raises:
        ImageError: the shape differs from the picture's, or a value is not within 0 to 1.
        UsageError: the ending does not suit the picture's kind.
    """
    require_shape(probability, picture)
    outside = int(np.sum(~((probability >= 0) & (probability <= 1))))
    if outside:
        raise ImageError(
            f"{out_path}: {outside} probabilities are not within 0 to 1; apply the sigmoid first"
        )
    if picture.grid is None:
        return _write_grey(np.rint(probability * 255).astype(np.uint8), Path(out_path))
    return write_nifti(probability.astype(np.float32), picture.grid, Path(out_path))


def suffix_for(picture: Picture) -> str:
    """The ending of a result in the form that the image had: ``.nii.gz``, ``.tif`` of a TIFF, else ``.png``.

    JPG loses pixels, so its results are PNG.
    """
    if picture.kind == "nifti":
        return ".nii.gz"
    return ".tif" if image_suffix(picture.path.name) in (".tif", ".tiff") else ".png"


def output_name(path: str | Path) -> str:
    """The file's name without its ending.

    >>> output_name("scans/sub-01_flair.nii.gz"), output_name("a.b.JPG")
    ('sub-01_flair', 'a.b')
    """
    name = Path(path).name
    for ending in NIFTI_SUFFIXES:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return Path(name).stem


def _write_grey(grey: Array, path: Path) -> Path:
    form = PICTURE_FORMATS.get(path.suffix.lower())
    if form is None:
        raise UsageError(
            f"{path}: a picture's result cannot be written as {path.suffix!r}; end the name in .png or .tif"
        )
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(grey).save(content, **form)
    return write_whole(path, content.getvalue())
