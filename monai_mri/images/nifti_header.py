"""A NIfTI-1 or NIfTI-2 header from its first bytes: quick enough to look at ten thousand files.

The fields are those of the NIfTI standard; only what a reader needs is taken. nibabel reads voxels.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from monai_mri.errors import ImageError
from monai_mri.faults import Fault
from monai_mri.images.packing import truncated

Matrix = tuple[tuple[float, ...], ...]

HEADER_BYTES = 544  # NIfTI-2 has 540, and four bytes say whether extensions follow
UNIT_MM = {1: 1000.0, 2: 1.0, 3: 0.001}
# code -> bits a voxel; of these colour (128, 2304) and complex (32, 1792, 2048) are not one real number
BITS = {
    2: 8, 4: 16, 8: 32, 16: 32, 32: 64, 64: 64, 128: 24, 256: 8, 512: 16, 768: 32, 1024: 64, 1280: 64,
    1536: 128, 1792: 128, 2048: 256, 2304: 32,
}  # fmt: skip
HALF_TURN = 3e-7  # what rounding to float32 leaves of a quaternion that turns by 180 degrees
COLOUR, COMPLEX = (128, 2304), (32, 1792, 2048)


@dataclass(frozen=True)
class NiftiHeader:
    """What the header says, as written: nothing is corrected.

    `dim` has the number of axes first, as in the file; `pixdim` likewise has the handedness of the
    qform first. `slope` and `intercept` scale the stored values; `unit` is the code of the spatial unit.
    """

    dim: tuple[int, ...]
    pixdim: tuple[float, ...]
    datatype: int
    bits: int
    data_offset: int
    slope: float
    intercept: float
    unit: int
    qform_code: int
    sform_code: int
    quaternion: tuple[float, float, float]
    offset: tuple[float, float, float]
    srow: Matrix
    big_endian: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis, as many as the header declares."""
        return self.dim[1 : 1 + min(7, max(0, self.dim[0]))]

    @property
    def unit_mm(self) -> float:
        """Millimetres in one spatial unit; an unknown unit is taken as mm."""
        return UNIT_MM.get(self.unit & 7, 1.0)

    @property
    def data_end(self) -> int:
        """The byte after the last voxel that the header declares."""
        return self.data_offset + math.prod(self.shape) * self.bits // 8

    @cached_property
    def sform(self) -> Matrix:
        """Voxel indices to world in mm by the sform, 3 x 4, whatever its code."""
        mm = self.unit_mm
        return self.srow if mm == 1 else tuple(tuple(value * mm for value in row) for row in self.srow)

    @cached_property
    def qform(self) -> Matrix:
        """Voxel indices to world in mm by the qform (NIfTI-1, method 2), 3 x 4, whatever its code."""
        b, c, d = self.quaternion
        rest = 1.0 - (b * b + c * c + d * d)
        a = math.sqrt(rest) if rest > HALF_TURN else 0.0
        if a == 0.0 and (length := math.hypot(b, c, d)) > 0:
            b, c, d = b / length, c / length, d / length
        turn = (
            (a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)),
            (2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)),
            (2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b),
        )
        handed = -1.0 if self.pixdim[0] < 0 else 1.0
        steps = (self.pixdim[1], self.pixdim[2], handed * self.pixdim[3])
        return tuple(
            (
                *(value * step * self.unit_mm for value, step in zip(row, steps, strict=True)),
                start * self.unit_mm,
            )
            for row, start in zip(turn, self.offset, strict=True)
        )

    @property
    def affine(self) -> Matrix | None:
        """The sform if it has a code, else the qform if that has one, else None: 3 x 4, mm."""
        if self.sform_code > 0:
            return self.sform
        return self.qform if self.qform_code > 0 else None


def parse_nifti_header(head: bytes) -> NiftiHeader | None:
    """The header in the first bytes of an uncompressed single-file NIfTI; None if there is none.

    Values may be nonsense; `nifti_faults` says which are.
    """
    if len(head) >= 348 and head[344:347] == b"n+1":
        return _nifti1(head)
    if len(head) >= 540 and head[4:7] == b"n+2":
        return _nifti2(head)
    return None


def require_header(head: bytes, path: Path) -> NiftiHeader:
    """The header in the first bytes of an uncompressed NIfTI.

    Raises:
        ImageError: too short for one (E101), or not one (E109).
    """
    header = parse_nifti_header(head)
    if header is not None:
        return header
    if len(head) < 348:
        raise truncated(path, len(head), 348).error(ImageError)
    found = "no n+1 or n+2 where a NIfTI header has it"
    raise Fault("E109", str(path), found, "a NIfTI file", "convert it to NIfTI").error(ImageError)


def _nifti1(head: bytes) -> NiftiHeader:
    order = "<" if head[:4] == b"\x5c\x01\x00\x00" else ">"
    dim = struct.unpack_from(f"{order}8h", head, 40)
    datatype, bits = struct.unpack_from(f"{order}2h", head, 70)
    pixdim = struct.unpack_from(f"{order}8f", head, 76)
    data_offset, slope, intercept = struct.unpack_from(f"{order}3f", head, 108)
    forms = struct.unpack_from(f"{order}2h18f", head, 252)
    return _header(order, dim, pixdim, datatype, bits, data_offset, slope, intercept, head[123], forms)


def _nifti2(head: bytes) -> NiftiHeader:
    order = "<" if head[:4] == b"\x1c\x02\x00\x00" else ">"
    datatype, bits = struct.unpack_from(f"{order}2h", head, 12)
    dim = struct.unpack_from(f"{order}8q", head, 16)
    pixdim = struct.unpack_from(f"{order}8d", head, 104)
    data_offset, slope, intercept = struct.unpack_from(f"{order}q2d", head, 168)
    forms = struct.unpack_from(f"{order}2i18d", head, 344)
    unit = struct.unpack_from(f"{order}i", head, 500)[0]
    return _header(order, dim, pixdim, datatype, bits, data_offset, slope, intercept, unit, forms)


def _header(  # noqa: PLR0913 - the fields that both versions have
    order: str,
    dim: tuple[int, ...],
    pixdim: tuple[float, ...],
    datatype: int,
    bits: int,
    data_offset: float,
    slope: float,
    intercept: float,
    unit: int,
    forms: tuple[float, ...],
) -> NiftiHeader:
    qform_code, sform_code, *numbers = forms
    return NiftiHeader(
        dim=dim,
        pixdim=pixdim,
        datatype=datatype,
        bits=BITS.get(datatype, bits),
        data_offset=int(data_offset) if math.isfinite(data_offset) else 0,
        slope=slope,
        intercept=intercept,
        unit=unit,
        qform_code=int(qform_code),
        sform_code=int(sform_code),
        quaternion=(numbers[0], numbers[1], numbers[2]),
        offset=(numbers[3], numbers[4], numbers[5]),
        srow=(tuple(numbers[6:10]), tuple(numbers[10:14]), tuple(numbers[14:18])),
        big_endian=order == ">",
    )
