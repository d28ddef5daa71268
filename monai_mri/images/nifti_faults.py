"""What is wrong with a NIfTI header, all of it: sizes, voxel kind, orientation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from monai_mri.faults import Fault
from monai_mri.images.nifti_header import BITS, COLOUR, COMPLEX, Matrix, NiftiHeader

MAX_VOXELS = 2**31
SHEAR_TOLERANCE_DEG = 1.0
FORM_TOLERANCE = 0.1  # of a voxel, at the corners of the image
FORM_TOLERANCE_DEG = 0.5


def nifti_faults(header: NiftiHeader, path: Path, *, volumes: int = 1) -> Iterator[Fault]:
    """Every fault of a header: E109, E201, E202, E203, W204, E205, W207, E208, E210, W303.

    `volumes` is how many volumes a 4D image is declared to have (see `Sidecar.channels`). Faults of
    orientation are looked for only where the shape makes sense.
    """
    where = str(path)
    bad_shape = list(_shape_faults(header, where, volumes=volumes))
    yield from bad_shape
    if header.datatype in COLOUR or header.datatype in COMPLEX:
        kind = "colour" if header.datatype in COLOUR else "complex"
        yield Fault("E210", where, f"{kind} voxels", "one real number each", "convert the image")
    elif header.datatype not in BITS:
        found = f"a voxel type that does not exist ({header.datatype})"
        yield Fault("E109", where, found, "a type of the NIfTI standard", "convert the image again")
    yield from _scale_faults(header, where)
    if all(fault.code != "E109" for fault in bad_shape):
        yield from _orientation_faults(header, where)


def squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without trailing axes of length 1 beyond the third.

    >>> squeezed((12, 12, 12, 1)), squeezed((12, 12, 1))
    ((12, 12, 12), (12, 12, 1))
    """
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _shape_faults(header: NiftiHeader, where: str, *, volumes: int) -> Iterator[Fault]:
    shape = squeezed(header.shape)
    if not 1 <= header.dim[0] <= 7 or any(length < 1 for length in shape):
        found = f"the header declares {header.dim[0]} axes of lengths {header.dim[1:]}"
        yield Fault("E109", where, found, "1 to 7 axes, each of at least 1", "convert the image again")
    elif len(shape) < 3:
        yield Fault("E202", where, f"{len(shape)}D with shape {shape}", "3D", "save it as a volume")
    elif len(shape) == 3 and volumes > 1:
        todo = "correct the sidecar's channels, or the image"
        yield Fault("E201", where, f"3D with shape {shape}", f"{volumes} volumes, as declared", todo)
    elif len(shape) > 3 and not (len(shape) == 4 and shape[3] == volumes):
        found = f"{len(shape)}D with shape {shape} ({math.prod(shape[3:])} volumes)"
        expected = "one 3D volume" if volumes == 1 else f"{volumes} volumes, as declared"
        yield Fault("E201", where, found, expected, "choose a volume and save it alone, or declare channels")


def _scale_faults(header: NiftiHeader, where: str) -> Iterator[Fault]:
    """A slope that scales nothing although an intercept says that something was to be scaled; infinity."""
    unset = header.slope == 0 or math.isnan(header.slope)
    shifted = math.isfinite(header.intercept) and header.intercept != 0
    if math.isinf(header.slope) or math.isinf(header.intercept) or (unset and shifted):
        found = (
            f"scl_slope {header.slope:g} and scl_inter {header.intercept:g}, so stored values are not scaled"
        )
        yield Fault("W303", where, found, "finite numbers, or 1 and 0", "save the image again with its scale")


def _orientation_faults(header: NiftiHeader, where: str) -> Iterator[Fault]:
    sizes = header.pixdim[1:4]
    zero = not all(math.isfinite(size) and size != 0 for size in sizes)
    if zero:
        listed = " x ".join(f"{size:g}" for size in sizes)
        yield Fault("E208", where, f"voxel size {listed}", "sizes above 0", "correct pixdim in the header")
    if header.sform_code <= 0 and header.qform_code <= 0:
        found = "qform_code and sform_code are 0: left and right are a guess"
        yield Fault("E205", where, found, "an orientation", "convert it again from DICOM, or set the sform")
        return
    if header.sform_code <= 0 and zero:
        return
    if header.sform_code <= 0:
        yield Fault("W204", where, "sform_code is 0, the qform is used", "an sform", "set it, to be sure")
    affine = header.affine or ()
    if why := _unusable(affine):
        yield Fault("E208", where, why, "an affine that can be inverted", "correct the header")
        return
    if (angle := _shear_deg(affine)) > SHEAR_TOLERANCE_DEG:
        found = f"voxel axes that are not at right angles, by {angle:.0f} degrees"
        todo = "resample it to a right-angled grid"
        yield Fault("W207", where, found, "at most 1 degree", todo)
    if header.sform_code > 0 and header.qform_code > 0 and not zero and not _unusable(header.qform):
        yield from _disagreement(header, where)


def _unusable(affine: Matrix) -> str:
    """Why an affine cannot be used; empty when it can."""
    if not all(math.isfinite(value) for row in affine for value in row):
        return "an affine with NaN or infinity"
    steps = _columns(affine)
    sizes = [math.hypot(*step) for step in steps]
    if min(sizes) == 0:
        return "an affine with a voxel size of 0"
    if abs(_determinant(affine)) / math.prod(sizes) < 1e-6:
        return "a singular affine: two voxel axes point the same way"
    return ""


def _shear_deg(affine: Matrix) -> float:
    """The largest departure of two voxel axes from a right angle, in degrees."""
    first, second, third = _columns(affine)
    return max(
        abs(90 - _angle_deg(one, other)) for one, other in ((first, second), (first, third), (second, third))
    )


def _disagreement(header: NiftiHeader, where: str) -> Iterator[Fault]:
    """A qform and an sform that both claim to be right, and put a voxel in two places."""
    gaps = zip(chain(*header.sform), chain(*header.qform), strict=True)
    if max(abs(one - other) for one, other in gaps) < 1e-4:  # nearly always, and this is quick
        return
    size = min(math.hypot(*step) for step in _columns(header.sform))
    apart_mm = max(
        math.dist(_at(header.sform, corner), _at(header.qform, corner)) for corner in _corners(header.shape)
    )
    angle = max(
        _angle_deg(one, other)
        for one, other in zip(_columns(header.sform), _columns(header.qform), strict=True)
    )
    if apart_mm > max(FORM_TOLERANCE * size, 1e-3) and (angle > FORM_TOLERANCE_DEG or apart_mm > size):
        found = f"qform and sform differ by {angle:.0f} degrees and up to {apart_mm:.3g} mm"
        todo = "convert it again, or set one of the two codes to 0"
        yield Fault("E203", where, found, "the same orientation from both", todo)


def _columns(affine: Matrix) -> list[tuple[float, ...]]:
    return [tuple(row[axis] for row in affine) for axis in range(3)]


def _determinant(affine: Matrix) -> float:
    (a, b, c, *_), (d, e, f, *_), (g, h, i, *_) = affine
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def _angle_deg(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    return math.degrees(math.acos(max(-1.0, min(1.0, dot / (math.hypot(*one) * math.hypot(*other))))))


def _corners(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    lengths = (*shape[:3], 1, 1, 1)[:3]
    return [(i, j, k) for i in (0, lengths[0] - 1) for j in (0, lengths[1] - 1) for k in (0, lengths[2] - 1)]


def _at(affine: Matrix, index: tuple[int, ...]) -> tuple[float, ...]:
    return tuple(sum(row[axis] * index[axis] for axis in range(3)) + row[3] for row in affine)
