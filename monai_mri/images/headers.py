"""What an image file's header says: shape, voxel size, orientation. No voxel is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai_mri.errors import ImageError
from monai_mri.faults import Fault
from monai_mri.images.names import NIFTI_SUFFIXES, PICTURE_SUFFIXES, image_suffix

_MM = {"meter": 1000.0, "micron": 0.001}


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
        ImageError: the file cannot be read as what its name says, or the name says nothing known.
    """
    suffix = image_suffix(path.name)
    if not suffix:
        kinds = ", ".join(NIFTI_SUFFIXES + PICTURE_SUFFIXES)
        fault = Fault("E405", str(path), f"a {path.suffix or 'nameless'} file", kinds, "convert the file")
        raise fault.error(ImageError)
    reader = _nifti if suffix in NIFTI_SUFFIXES else _picture
    try:
        return reader(path)
    except Exception as error:
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        todo = "replace the file by a sound copy"
        raise Fault("", str(path), cause, f"a readable {suffix} image", todo).error(ImageError) from error


def _nifti(path: Path) -> Header:
    import nibabel
    import numpy as np

    image: Any = nibabel.load(path)
    header = image.header
    unit_mm = _MM.get(header.get_xyzt_units()[0], 1.0)
    spacing = tuple(round(float(step) * unit_mm, 6) for step in header.get_zooms()[:3])
    spacing_mm = spacing if all(step > 0 for step in spacing) else None
    if not (int(header["qform_code"]) or int(header["sform_code"])):
        return Header(image.shape, spacing_mm)
    affine = np.diag([unit_mm, unit_mm, unit_mm, 1.0]) @ image.affine
    return Header(image.shape, spacing_mm, "".join(nibabel.aff2axcodes(affine)), affine)


def _picture(path: Path) -> Header:
    from PIL import Image

    with Image.open(path) as picture:
        columns, rows = picture.size
        channels = len(picture.getbands())
    if channels == 1:
        return Header((rows, columns))
    return Header((rows, columns, channels), channels=channels)
