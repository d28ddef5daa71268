"""Look at one image file as deep as asked, and say what it is and all that is wrong with it."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

from monai_mri.errors import ImageError
from monai_mri.faults import Fault
from monai_mri.images.headers import parse_head, read_ends
from monai_mri.images.names import NIFTI_SUFFIXES, PICTURE_SUFFIXES, image_suffix
from monai_mri.images.nifti_faults import nifti_faults, squeezed
from monai_mri.images.nifti_header import NiftiHeader
from monai_mri.images.packing import declared_fault, require_file, truncated, unpack
from monai_mri.manifest.checks.facts import Depth, Facts, Role
from monai_mri.manifest.paths import sha256_of_file

LARGE_VOXELS = 2**25
LARGE = Lock()  # large images one after the other: each needs gigabytes
INTEGER_TYPES = (2, 4, 8, 256, 512, 768, 1024, 1280)


def inspect_file(path: Path, role: Role, *, depth: Depth) -> Facts:
    """The facts of a file; never raises for what is in the file."""
    suffix = image_suffix(path.name)
    try:
        status = require_file(path)
        if not suffix:
            kinds = ", ".join(NIFTI_SUFFIXES + PICTURE_SUFFIXES)
            found = f"a {path.suffix or 'nameless'} file"
            raise Fault("E405", str(path), found, kinds, "convert it").error(ImageError)
        is_nifti = suffix in NIFTI_SUFFIXES
        facts = _nifti(path, role, status.st_size) if is_nifti else _picture(path, suffix)
        facts = replace(facts, file_id=f"{status.st_dev}:{status.st_ino}")
    except ImageError as error:
        return Facts(faults=(_fault_of(error, path),))
    if depth != "voxels":
        return facts
    facts = replace(facts, sha256=sha256_of_file(path))
    return _with_voxels(path, role, facts) if facts.readable else facts


def _nifti(path: Path, role: Role, size: int) -> Facts:
    head, tail = read_ends(path, size=size)
    header = parse_head(head, path, size=size)
    faults = list(nifti_faults(header, path, volumes=role.volumes))
    if not any(fault.code in ("E109", "E210") for fault in faults):
        faults += _length_faults(header, path, size=size, tail=tail)
    unset = math.isnan(header.slope) or header.slope == 0
    return Facts(
        faults=tuple(faults),
        kind="nifti",
        shape=squeezed(header.shape)[:3],
        affine=header.affine,
        scaled=not unset if header.datatype in INTEGER_TYPES else None,
    )


def _length_faults(header: NiftiHeader, path: Path, *, size: int, tail: bytes) -> list[Fault]:
    """Whether the file is as long as its header says; a gzip stream says its length in its last bytes."""
    packed = path.name.lower().endswith(".gz")
    if fault := declared_fault(header.data_end, size, path, packed=packed):
        return [fault]
    if not packed:
        return [truncated(path, size, header.data_end)] if size < header.data_end else []
    if int.from_bytes(tail, "little") == header.data_end % 2**32:
        return []
    try:
        unpack(path.read_bytes(), path, declared=header.data_end, keep=False)
    except ImageError as error:
        fault = _fault_of(error, path)
        return [] if fault.code == "E102" else [fault]  # a checksum is a matter of depth "voxels"
    return []


def _picture(path: Path, suffix: str) -> Facts:
    from monai_mri.manifest.checks.picture_header import picture_facts

    return picture_facts(path, suffix)


def _with_voxels(path: Path, role: Role, facts: Facts) -> Facts:
    from monai_mri.manifest.checks.voxels import voxel_facts

    try:
        with LARGE if math.prod(facts.shape) > LARGE_VOXELS else nullcontext():
            return voxel_facts(path, role, facts)
    except ImageError as error:
        fault = _fault_of(error, path)
        known = any(fault.code == other.code for other in facts.faults)
        return facts if known else replace(facts, faults=(*facts.faults, fault))


def _fault_of(error: ImageError, path: Path) -> Fault:
    fault: Any = error.fault
    return fault or Fault("E101", str(path), str(error), "a readable image", "copy the file again")
