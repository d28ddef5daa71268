"""Read a NIfTI file to the end, turned so that its axes point right, anterior, superior."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from monai_mri.errors import ImageError
from monai_mri.images.picture import Float32Array, NiftiGrid, Picture, require_finite

GZIP_BEST_RATIO = 1100
MAX_VOXELS = 2**31
SLACK_BYTES = 2**20
UNIT_MM = {"meter": 1000.0, "micron": 0.001}


def read_nifti(path: Path) -> Picture:
    """Read a 3D ``.nii`` or ``.nii.gz``.

    The whole file is read, so a wrong gzip checksum is found. A trailing axis of length 1 is dropped.

    Returns:
        The voxels as float32 (I, J, K) in RAS order, scaled by the header's slope and intercept; affine and
        spacing in mm, also where the header counts in metres or micrometres.

    Raises:
        ImageError: truncated (E101), corrupt gzip (E102), a git-LFS pointer (E104), another compression than
            its name says (E105), implausible size (E108), bad header (E109), 4D (E201), 2D (E202), no usable
            affine (E208), colour or complex voxels (E210), NaN or infinite voxels (E301).
    """
    import nibabel

    raw = _read_bytes(path)
    image = _parse(raw, path)
    array = _volume(image, path)
    if not _invertible(image.affine):
        raise ImageError(
            f"{path}: E208 the affine cannot be inverted or holds a zero voxel size; correct the header"
        )
    require_finite(array, path)
    orientation = nibabel.orientations.io_orientation(image.affine)
    turned = nibabel.orientations.apply_orientation(array, orientation)
    unit_mm = UNIT_MM.get(image.header.get_xyzt_units()[0], 1.0)
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


def _read_bytes(path: Path) -> bytes:
    packed = path.read_bytes()
    if packed.startswith(b"version https://git-lfs"):
        raise ImageError(f"{path}: E104 this is a git-LFS pointer, not an image; run `git lfs pull`")
    named_gzip, is_gzip = path.name.lower().endswith(".gz"), packed[:2] == b"\x1f\x8b"
    if named_gzip and not is_gzip:
        raise ImageError(f"{path}: E105 not gzip although the name ends in .gz; rename it to .nii")
    if is_gzip and not named_gzip:
        raise ImageError(f"{path}: E105 gzip although the name ends in .nii; rename it to .nii.gz")
    return _unpack(packed, path) if is_gzip else packed


def _unpack(packed: bytes, path: Path) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
            head = stream.read(540)
            wanted = _declared_bytes(head, path, limit=len(packed) * GZIP_BEST_RATIO)
            body = stream.read(max(0, wanted + SLACK_BYTES - len(head)))
            if stream.read(1):
                raise ImageError(
                    f"{path}: E108 unpacks to more than the {wanted} bytes its header declares; "
                    "do not use this file"
                )
    except EOFError:
        raise ImageError(
            f"{path}: E101 the gzip stream is truncated after {len(packed)} bytes; copy the file again"
        ) from None
    except (gzip.BadGzipFile, zlib.error) as cause:
        raise ImageError(f"{path}: E102 corrupt gzip stream ({cause}); copy the file again") from None
    return head + body


def _declared_bytes(head: bytes, path: Path, *, limit: int | None = None) -> int:
    header = _parse_header(head, path)
    shape = [int(length) for length in header.get_data_shape()]
    voxels = int(np.prod(shape, dtype=object)) if shape else 0
    if voxels <= 0:
        raise ImageError(f"{path}: E109 the header declares the shape {tuple(shape)}; correct the header")
    declared = int(header["vox_offset"]) + voxels * int(header.get_data_dtype().itemsize)
    if voxels > MAX_VOXELS or (limit is not None and declared > limit):
        raise ImageError(
            f"{path}: E108 the header declares {voxels} voxels ({declared / 1e6:.0f} MB), which this file of "
            f"{path.stat().st_size} bytes cannot hold; do not use this file"
        )
    return declared


def _parse_header(head: bytes, path: Path) -> Any:
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    kinds = {b"n+1": (Nifti1Header, 344, 348), b"n+2": (Nifti2Header, 4, 540)}
    for magic, (kind, at, size) in kinds.items():
        if head[at : at + 3] == magic and len(head) >= size:
            try:
                _require_voxel_size(kind(head[:size], check=False), path)
                return kind(head[:size], check=True)
            except (HeaderDataError, WrapStructError, ValueError) as cause:
                raise ImageError(
                    f"{path}: E109 bad NIfTI header ({cause}); convert the image again"
                ) from None
    if len(head) < 348:
        raise ImageError(
            f"{path}: E101 truncated at byte {len(head)}, a NIfTI header has 348; copy the file again"
        )
    raise ImageError(f"{path}: E109 not a NIfTI file (no n+1 or n+2 in its header); convert it to NIfTI")


def _require_voxel_size(header: Any, path: Path) -> None:
    """Refuse a size of 0 where it matters, for nibabel would make it 1 mm."""
    sizes_mm = np.asarray(header["pixdim"][1:4], dtype=np.float64)
    if int(header["sform_code"]) == 0 and not (np.isfinite(sizes_mm) & (sizes_mm != 0)).all():
        raise ImageError(f"{path}: E208 voxel size {sizes_mm.tolist()} mm; correct pixdim in the header")


def _parse(raw: bytes, path: Path) -> Any:
    from nibabel.filebasedimages import ImageFileError
    from nibabel.nifti1 import Nifti1Image
    from nibabel.nifti2 import Nifti2Image
    from nibabel.spatialimages import HeaderDataError

    declared = _declared_bytes(raw[:540], path)
    if len(raw) < declared:
        raise ImageError(f"{path}: E101 truncated at byte {len(raw)} of {declared}; copy the file again")
    kind = Nifti2Image if raw[4:7] == b"n+2" else Nifti1Image
    try:
        return kind.from_bytes(raw)
    except (ImageFileError, HeaderDataError, ValueError, OverflowError) as cause:
        raise ImageError(f"{path}: E109 bad NIfTI header ({cause}); convert the image again") from None


def _volume(image: Any, path: Path) -> Float32Array:
    shape = image.shape
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) > 3:
        raise ImageError(
            f"{path}: E201 {len(shape)}D with shape {tuple(shape)}, expected one 3D volume; "
            "choose a volume and save it alone"
        )
    if len(shape) < 3:
        raise ImageError(f"{path}: E202 {len(shape)}D with shape {tuple(shape)}, expected 3D; save it as 3D")
    dtype = image.get_data_dtype()
    if dtype.fields is not None or dtype.kind == "c":
        kind = "complex" if dtype.kind == "c" else "colour"
        raise ImageError(f"{path}: E210 {kind} voxels, expected one real number each; convert the image")
    array: Float32Array = image.get_fdata(dtype=np.float32, caching="unchanged").reshape(shape)
    return array


def _invertible(affine: Any) -> bool:
    linear = np.asarray(affine)[:3, :3]
    if not np.isfinite(affine).all():
        return False
    sizes = np.linalg.norm(linear, axis=0)
    return bool((sizes > 0).all() and abs(np.linalg.det(linear / sizes)) > 1e-6)
