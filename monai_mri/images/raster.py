"""Read a 2D picture (JPG, PNG, TIFF) as grey values or in colour."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from monai_mri.errors import DataError, ImageError
from monai_mri.faults import Fault
from monai_mri.images.picture import Float32Array, Picture, require_finite

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "TIFF")
DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")
WHITE = 255.0  # of 8 bits
ORIENTATION_TAG = 0x0112
SIDEWAYS = (5, 6, 7, 8)
WITH_ALPHA = ("LA", "P", "PA", "RGBA", "RGBa")


def read_raster(path: Path) -> Picture:
    """Read a JPG, PNG or TIFF.

    Colour becomes luminance (ITU-R 601: 0.299 R + 0.587 G + 0.114 B, rounded to 8 bits), transparency is
    ignored, 16-bit and floating-point greys keep their range, black-and-white becomes 0 and 255, and an EXIF
    rotation is applied; `exif_turn` tells which.

    Returns:
        The grey values as float32 (H, W), row 0 at the top. No affine and no spacing: the pixel size is
        unknown.

    Raises:
        ImageError: truncated (E101), more pixels than Pillow's safety limit (E108), several pages (E201), NaN
            or infinite pixels (E301), one colour everywhere with all that it shows in its transparency
            (E302), not such a picture, or an uncompressed TIFF whose tag turns it by 90 degrees (E405).
    """
    array, full_scale, turn = _read(path, _grey)
    return _picture(array, path, full_scale, turn)


def read_raster_colour(path: Path) -> tuple[Picture, Picture, Picture]:
    """Read a JPG, PNG or TIFF in colour.

    Red, green and blue are as in the file; palette, CMYK and YCbCr become red, green and blue, transparency
    is ignored. A picture in grey, of any depth, stands for all three as one and the same `Picture`. Of
    colour with 16 bits the upper 8 are taken. The rest is as in `read_raster`.

    Returns:
        Red, green and blue, each float32 (H, W), row 0 at the top.

    Raises:
        ImageError: as `read_raster`.
    """
    array, full_scale, turn = _read(path, _colour)
    if array.ndim == 2:
        grey = _picture(array, path, full_scale, turn)
        return grey, grey, grey
    red, green, blue = (_picture(array[..., band].copy(), path, full_scale, turn) for band in range(3))
    return red, green, blue


def _picture(array: Float32Array, path: Path, full_scale: float, turn: int) -> Picture:
    require_finite(array, path)
    return Picture(
        array=array,
        affine=None,
        spacing_mm=None,
        path=path,
        kind="picture",
        full_scale=full_scale,
        exif_turn=turn,
    )


def _read(path: Path, bands: Callable[[Image], Image]) -> tuple[Float32Array, float, int]:
    """The pixels that `bands` gives of an upright picture, what white is, and how it was turned."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path, formats=FORMATS) as picture:
            if picture.format == "TIFF":
                _require_plain_tiff(picture, path)
            turn = picture.getexif().get(ORIENTATION_TAG, 1)  # loading a TIFF takes the tag away
            picture.load()
            shown = bands(ImageOps.exif_transpose(picture))
            array = np.array(shown, dtype=np.float32)
            hidden = bool((array == array[:1, :1]).all()) and _transparency_varies(picture)
            white = math.nan if shown.mode in DEEP_MODES else WHITE
    except UnidentifiedImageError:
        raise _fault("E405", path, "not a picture inside", "JPG, PNG or TIFF", "save it as one") from None
    except Image.DecompressionBombError as cause:
        raise _fault("E108", path, str(cause), "fewer pixels", "do not use this file") from None
    except (OSError, SyntaxError, TypeError, ValueError) as cause:
        found = f"truncated or corrupt ({cause})"
        raise _fault("E101", path, found, "a whole picture", "copy the file again") from None
    if hidden:
        found = "the same colour everywhere, and all that it shows in its transparency"
        raise _fault("E302", path, found, "a picture in its colours", "flatten it onto black, and save it")
    return array, white, turn if turn in range(2, 9) else 1


def _transparency_varies(picture: Image) -> bool:
    if picture.mode not in WITH_ALPHA:
        return False
    least, most = picture.convert("RGBA").getchannel("A").getextrema()
    return least != most


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
    known = _as_grey(picture)
    return _rgb(picture).convert("L") if known is None else known


def _colour(picture: Image) -> Image:
    known = _as_grey(picture)
    return _rgb(picture) if known is None else known


def _as_grey(picture: Image) -> Image | None:
    """The values of a picture that is stored in grey; None of colour."""
    if picture.mode == "L" or picture.mode in DEEP_MODES:
        return picture
    if picture.mode == "LA":
        return picture.getchannel(0)
    return picture.convert("L") if picture.mode == "1" else None


def _rgb(picture: Image) -> Image:
    # Pillow knows RGBa only by way of RGBA, and warns of a palette with transparency on any other way.
    return (
        picture.convert("RGBA").convert("RGB")
        if picture.mode in ("RGBa", "P", "PA")
        else picture.convert("RGB")
    )
