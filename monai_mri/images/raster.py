"""Read a 2D picture (JPG, PNG, TIFF) as grey values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from monai_mri.errors import DataError, ImageError
from monai_mri.faults import Fault
from monai_mri.images.picture import Float32Array, Picture, require_finite

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "TIFF")
GREY_MODES = ("L", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")
ORIENTATION_TAG = 0x0112
SIDEWAYS = (5, 6, 7, 8)


def read_raster(path: Path) -> Picture:
    """Read a JPG, PNG or TIFF.

    Colour becomes luminance (ITU-R 601: 0.299 R + 0.587 G + 0.114 B, rounded to 8 bits), transparency is
    ignored, 16-bit and floating-point greys keep their range, black-and-white becomes 0 and 255, and an EXIF
    rotation is applied.

    Returns:
        The grey values as float32 (H, W), row 0 at the top. No affine and no spacing: the pixel size is
        unknown.

    Raises:
        ImageError: truncated (E101), more pixels than Pillow's safety limit (E108), several pages (E201), NaN
            or infinite pixels (E301), not such a picture, or an uncompressed TIFF whose
            tag turns it by 90 degrees (E405).
    """
    array = _read_grey(path)
    require_finite(array, path)
    return Picture(array=array, affine=None, spacing_mm=None, path=path, kind="picture")


def _read_grey(path: Path) -> Float32Array:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path, formats=FORMATS) as picture:
            if picture.format == "TIFF":
                _require_plain_tiff(picture, path)
            picture.load()
            return np.array(_grey(ImageOps.exif_transpose(picture)), dtype=np.float32)
    except UnidentifiedImageError:
        raise _fault("E405", path, "not a picture inside", "JPG, PNG or TIFF", "save it as one") from None
    except Image.DecompressionBombError as cause:
        raise _fault("E108", path, str(cause), "fewer pixels", "do not use this file") from None
    except (OSError, SyntaxError, TypeError, ValueError) as cause:
        found = f"truncated or corrupt ({cause})"
        raise _fault("E101", path, found, "a whole picture", "copy the file again") from None


def _require_plain_tiff(picture: Any, path: Path) -> None:
    if picture.n_frames > 1:
        raise _fault("E201", path, f"{picture.n_frames} pages", "one", "save each page as its own file")
    # Pillow 13.0 scrambles the pixels of these without a word.
    if picture.tag_v2.get(ORIENTATION_TAG, 1) in SIDEWAYS and picture.info.get("compression") == "raw":
        found = "an uncompressed TIFF lying on its side by its orientation tag"
        raise _fault("E405", path, found, "an upright one", "save it upright")


def _fault(code: str, path: Path, found: str, expected: str, todo: str) -> DataError:
    return Fault(code, str(path), found, expected, todo).error(ImageError)


def _grey(picture: Image) -> Image:
    if picture.mode in GREY_MODES:
        return picture
    if picture.mode == "LA":
        return picture.getchannel(0)
    if picture.mode == "1":
        return picture.convert("L")
    return picture.convert("RGBA" if picture.mode == "RGBa" else "RGB").convert("L")
