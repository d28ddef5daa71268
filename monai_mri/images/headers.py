"""What an image file's header says: shape, voxel size, orientation. No voxel is read."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai_mri.errors import ImageError
from monai_mri.faults import Fault
from monai_mri.images.names import NIFTI_SUFFIXES, PICTURE_SUFFIXES, image_suffix
from monai_mri.images.nifti_header import HEADER_BYTES, NiftiHeader, require_header
from monai_mri.images.packing import (
    COPY_AGAIN,
    DO_NOT_USE,
    GZIP_MAGIC,
    name_fault,
    pointer_fault,
    require_file,
    truncated,
    unpack_head,
)

FIRST_BYTES = 4096


@dataclass(frozen=True)
class Header:
    """Shape, spacing in mm, orientation and affine (4 x 4, mm); the last three None where unknown.

    `grid` is the shape without the channels of a picture.
    """

    shape: tuple[int, ...]
    spacing_mm: tuple[float, ...] | None = None
    orientation: str | None = None
    affine: Any = None
    channels: int = 0

    @property
    def grid(self) -> tuple[int, ...]:
        """The shape of the grid that a mask must have."""
        return self.shape[:-1] if self.channels else self.shape


def read_header(path: Path) -> Header:
    """The header of a NIfTI file or of a JPG, PNG or TIFF picture.

    The shape of a picture is (rows, columns) or (rows, columns, channels); its spacing and
    orientation are None. A NIfTI file without qform and sform has no orientation and no affine.

    Raises:
        ImageError: the file is missing, empty, a pointer, of another kind than its name says (E103 to E111),
            or not an image of a known kind (E405).
    """
    suffix = image_suffix(path.name)
    if not suffix:
        kinds = ", ".join(NIFTI_SUFFIXES + PICTURE_SUFFIXES)
        found = f"a {path.suffix or 'nameless'} file"
        raise Fault("E405", str(path), found, kinds, "convert the file").error(ImageError)
    size = require_file(path).st_size
    return _of_nifti(read_nifti_header(path, size=size)) if suffix in NIFTI_SUFFIXES else _picture(path)


def read_nifti_header(path: Path, *, size: int) -> NiftiHeader:
    """The NIfTI header of a file of `size` bytes, of which the first 4 kB are read.

    Raises:
        ImageError: a pointer (E104), another compression than its name says (E105), cut short (E101), a
            corrupt stream (E102), not NIfTI (E109).
    """
    return parse_head(read_ends(path, size=size)[0], path, size=size)


def read_ends(path: Path, *, size: int) -> tuple[bytes, bytes]:
    """The first 4 kB and the last 4 bytes of a file of `size` bytes."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        head = os.read(descriptor, FIRST_BYTES)
        os.lseek(descriptor, max(0, size - 4), os.SEEK_SET)
        return head, os.read(descriptor, 4)
    finally:
        os.close(descriptor)


def parse_head(head: bytes, path: Path, *, size: int) -> NiftiHeader:
    """The NIfTI header in the first bytes of a file, packed or not; errors as `read_nifti_header`."""
    if fault := pointer_fault(head, path) or name_fault(head, path):
        raise fault.error(ImageError)
    if head[:2] == GZIP_MAGIC:
        head = unpack_head(head, path, most=HEADER_BYTES)
    if len(head) < 348:
        raise truncated(path, min(size, len(head)), 348).error(ImageError)
    return require_header(head, path)


def _of_nifti(header: NiftiHeader) -> Header:
    import nibabel
    import numpy as np

    steps = tuple(
        round(abs(step) * header.unit_mm, 6) for step in header.pixdim[1 : 1 + min(3, header.dim[0])]
    )
    spacing_mm = steps if all(math.isfinite(step) and step > 0 for step in steps) else None
    if header.affine is None:
        return Header(header.shape, spacing_mm)
    affine = np.array([*header.affine, (0.0, 0.0, 0.0, 1.0)])
    try:
        orientation = "".join(axis or "?" for axis in nibabel.aff2axcodes(affine))
    except (ValueError, np.linalg.LinAlgError):
        orientation = None
    return Header(header.shape, spacing_mm, orientation, affine)


def _picture(path: Path) -> Header:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            columns, rows = picture.size
            channels = len(picture.getbands())
    except UnidentifiedImageError:
        found = "not a picture inside"
        raise Fault("E405", str(path), found, "JPG, PNG or TIFF", "save it as one").error(
            ImageError
        ) from None
    except Image.DecompressionBombError as cause:
        raise Fault("E108", str(path), str(cause), "fewer pixels", DO_NOT_USE).error(ImageError) from None
    except (OSError, SyntaxError, ValueError) as cause:
        found = f"truncated or corrupt ({cause})"
        raise Fault("E101", str(path), found, "a whole picture", COPY_AGAIN).error(ImageError) from None
    if channels == 1:
        return Header((rows, columns))
    return Header((rows, columns, channels), channels=channels)
