"""Read a NIfTI file to the end, turned so that its axes point right, anterior, superior."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from monai_mri.errors import ImageError
from monai_mri.faults import Fault
from monai_mri.images.nifti_faults import MAX_VOXELS, nifti_faults, squeezed
from monai_mri.images.nifti_header import HEADER_BYTES, NiftiHeader, require_header
from monai_mri.images.packing import (
    GZIP_MAGIC,
    declared_fault,
    name_fault,
    pointer_fault,
    truncated,
    unpack,
    unpack_head,
)
from monai_mri.images.picture import Float32Array, NiftiGrid, Picture, require_finite

ACCEPTED = {"E203", "E205"}  # the sform is taken, or where there is none, nibabel's guess


def read_nifti(path: Path) -> Picture:
    """Read a 3D ``.nii`` or ``.nii.gz``.

    The whole file is read, so a wrong gzip checksum is found. A trailing axis of length 1 is dropped.

    Returns:
        The voxels as float32 (I, J, K) in RAS order, scaled by the header's slope and intercept; affine and
        spacing in mm, also where the header counts in metres or micrometres.

    Raises:
        ImageError: truncated (E101), corrupt gzip (E102), a pointer of git-LFS (E104), another compression
            than its name says (E105), implausible size (E108), bad header (E109), 4D (E201), 2D (E202), no
            usable affine (E208), colour or complex voxels (E210), NaN or infinite voxels (E301).
    """
    import nibabel

    image = _parse(_read_bytes(path), path)
    array: Float32Array = image.get_fdata(dtype=np.float32, caching="unchanged")
    array = array.reshape(squeezed(image.shape))
    require_finite(array, path)
    orientation = nibabel.orientations.io_orientation(image.affine)
    turned = nibabel.orientations.apply_orientation(array, orientation)
    unit_mm = {"meter": 1000.0, "micron": 0.001}.get(image.header.get_xyzt_units()[0], 1.0)
    to_disk = nibabel.orientations.inv_ornt_aff(orientation, array.shape)
    affine = np.diag([unit_mm, unit_mm, unit_mm, 1.0]) @ image.affine @ to_disk
    return Picture(
        array=np.ascontiguousarray(turned, dtype=np.float32),
        affine=affine,
        spacing_mm=tuple(float(size) for size in np.linalg.norm(affine[:3, :3], axis=0)),
        path=path,
        kind="nifti",
        grid=NiftiGrid(
            shape=tuple(int(length) for length in image.shape),
            affine=image.affine,
            orientation="".join(nibabel.aff2axcodes(image.affine)),
            header=image.header.binaryblock,
        ),
    )


def read_volumes(path: Path, *, volumes: int) -> Float32Array:
    """The voxels of a 4D file of so many volumes, (I, J, K, V) float32, in the file's own order of axes.

    Raises:
        ImageError: as `read_nifti`, but for another number of volumes (E201).
    """
    image = _parse(_read_bytes(path, volumes=volumes), path)
    array: Float32Array = image.get_fdata(dtype=np.float32, caching="unchanged")
    require_finite(array, path)
    return array.reshape(squeezed(image.shape))


def _read_bytes(path: Path, *, volumes: int = 1) -> bytes:
    packed = path.read_bytes()
    if fault := pointer_fault(packed, path) or name_fault(packed, path):
        raise fault.error(ImageError)
    is_packed = packed[:2] == GZIP_MAGIC
    head = unpack_head(packed, path, most=HEADER_BYTES) if is_packed else packed[:HEADER_BYTES]
    if is_packed and len(head) < 348:
        unpack(packed, path, declared=348, keep=False)
    header = require_header(head, path)
    for fault in nifti_faults(header, path, volumes=volumes):
        if fault.severity == "error" and fault.code not in ACCEPTED and not _harmless(fault, header):
            raise fault.error(ImageError)
    _require_size(header, path, size=len(packed), packed=is_packed)
    if is_packed:
        return unpack(packed, path, declared=header.data_end)
    if len(packed) < header.data_end:
        raise truncated(path, len(packed), header.data_end).error(ImageError)
    return packed


def _harmless(fault: Fault, header: NiftiHeader) -> bool:
    """A voxel size of 0 where the sform gives the size."""
    return fault.code == "E208" and fault.found.startswith("voxel size") and header.sform_code > 0


def _require_size(header: NiftiHeader, path: Path, *, size: int, packed: bool) -> None:
    if fault := declared_fault(header.data_end, size, path, packed=packed):
        raise fault.error(ImageError)
    if math.prod(header.shape) > MAX_VOXELS:
        found = f"{math.prod(header.shape)} voxels"
        todo = "crop it, or resample it to larger voxels"
        raise Fault("E108", str(path), found, f"at most {MAX_VOXELS}", todo).error(ImageError)


def _parse(raw: bytes, path: Path) -> Any:
    from nibabel.filebasedimages import ImageFileError
    from nibabel.nifti1 import Nifti1Image
    from nibabel.nifti2 import Nifti2Image
    from nibabel.spatialimages import HeaderDataError

    kind = Nifti2Image if raw[4:7] == b"n+2" else Nifti1Image
    try:
        return kind.from_bytes(raw)
    except (ImageFileError, HeaderDataError, ValueError, OverflowError) as cause:
        found = f"a bad NIfTI header ({cause})"
        raise Fault("E109", str(path), found, "a good one", "convert the image again").error(
            ImageError
        ) from None
