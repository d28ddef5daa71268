"""What a picture's header says: kind, size, bits, and what its name promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monai_mri.errors import ImageError
from monai_mri.faults import Fault
from monai_mri.images.packing import COPY_AGAIN, DO_NOT_USE
from monai_mri.manifest.checks.facts import Facts
from monai_mri.manifest.quiet import quiet

FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}
MOST_PIXELS = 2**26  # 8192 x 8192
EXIF_ORIENTATION = 0x0112
BITS = {"1": 1, "I": 16, "F": 32}


def picture_facts(path: Path, suffix: str) -> Facts:
    """Facts and faults of a picture: E108, E201, W403, W404.

    Raises:
        ImageError: not a picture of a known kind (E405), or one that cannot be opened (E101, E108).
    """
    from PIL import Image, UnidentifiedImageError

    where = str(path)
    try:
        with quiet(), Image.open(path, formats=("JPEG", "PNG", "TIFF")) as picture:
            return _facts(picture, where, suffix)
    except UnidentifiedImageError:
        fault = Fault("E405", where, "not a picture inside", "JPG, PNG or TIFF", "save it as one")
    except Image.DecompressionBombError:
        fault = Fault("E108", where, "a picture beyond the limit", f"at most {MOST_PIXELS}", DO_NOT_USE)
    except (OSError, SyntaxError, ValueError) as cause:
        found = f"truncated or corrupt ({cause})"
        fault = Fault("E101", where, found, "a whole picture", COPY_AGAIN)
    raise fault.error(ImageError) from None


def _facts(picture: Any, where: str, suffix: str) -> Facts:
    faults = []
    columns, rows = picture.size
    if columns * rows > MOST_PIXELS:
        expected = f"at most {MOST_PIXELS}"
        faults.append(Fault("E108", where, f"{columns} x {rows} pixels", expected, DO_NOT_USE))
    if getattr(picture, "n_frames", 1) > 1:
        todo = "save each page as its own file"
        faults.append(Fault("E201", where, f"{picture.n_frames} pages", "one", todo))
    if picture.format != FORMATS[suffix]:
        expected = f"{FORMATS[suffix]}, as its name says"
        faults.append(Fault("W404", where, f"a {picture.format} picture", expected, "rename it"))
    turned = picture.getexif().get(EXIF_ORIENTATION, 1)
    if turned not in (0, 1):
        found = f"orientation tag {turned}: some readers turn it, others do not"
        faults.append(Fault("W403", where, found, "an upright picture", "save it turned, without the tag"))
    return Facts(
        tuple(faults), kind="picture", shape=(rows, columns), mode=_kind(picture), bits=_bits(picture)
    )


def _kind(picture: Any) -> str:
    """The mode, with all kinds of grey as one: their depth is told apart by their bits."""
    return "L" if picture.mode in ("1", "I", "F", "L") or picture.mode.startswith("I;16") else picture.mode


def _bits(picture: Any) -> int:
    if picture.mode.startswith("I;16"):
        return 16
    if picture.format == "PNG" and picture.mode in ("RGB", "RGBA", "LA"):
        return _png_bits(picture)
    return BITS.get(picture.mode, 8)


def _png_bits(picture: Any) -> int:
    """Bits a value as the file has them; Pillow gives colour in 8."""
    with open(picture.filename, "rb") as stream:
        return stream.read(25)[24]
