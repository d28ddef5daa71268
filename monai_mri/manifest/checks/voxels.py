"""What voxels show: values that are no numbers, nothing in the image, labels that are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from monai_mri.faults import Fault
from monai_mri.manifest.checks.facts import Facts, Role
from monai_mri.manifest.copies.prints import fingerprint

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MOST_LISTED = 6
PICTURE_MASK_THRESHOLD = 127


def voxel_facts(path: Path, role: Role, facts: Facts) -> Facts:
    """Facts with what the voxels say: E302 of images; E304, E305 of masks; whether a mask is empty.

    Raises:
        ImageError: the voxels cannot be read (E101, E102), or are no numbers (E301).
    """
    array = _read(path, role)
    if role.mask:
        faults = _mask_faults(array, str(path), role, picture=facts.kind == "picture")
        return replace(facts, faults=(*facts.faults, *faults), empty=not array.any())
    lowest, highest = float(array.min()), float(array.max())
    if lowest == highest:
        todo = "leave it out, or make it again"
        fault = Fault("E302", str(path), f"nothing but the value {lowest:g}", "an image", todo)
        return replace(facts, faults=(*facts.faults, fault), empty=lowest == 0)
    found = fingerprint(array)
    return replace(facts, empty=False, fingerprint=found.to_bytes() if found else b"")


def _read(path: Path, role: Role) -> npt.NDArray[np.float32]:
    """The voxels; the volumes of a 4D image one below the other."""
    import numpy as np

    from monai_mri.images.nifti import read_volumes
    from monai_mri.images.read import read_image

    if role.volumes == 1:
        return read_image(path).array
    return np.concatenate(list(np.moveaxis(read_volumes(path, volumes=role.volumes), 3, 0)))


def _mask_faults(array: npt.NDArray[np.float32], where: str, role: Role, *, picture: bool) -> list[Fault]:
    import numpy as np

    expected = "labels " + ", ".join(map(str, role.labels))
    fractional = array != np.rint(array)
    if fractional.any():
        found = f"{int(fractional.sum())} values that are not whole, such as {float(array[fractional][0]):g}"
        return [Fault("E305", where, found, expected, "threshold the mask and save it as integers")]
    lowest, highest = int(array.min()), int(array.max())
    if picture:
        if 1 < highest <= PICTURE_MASK_THRESHOLD:
            found = f"an ambiguous mask, whose brightest pixel is {highest}"
            return [Fault("E304", where, found, "1 or 128 and more", "save it with 0 and 255")]
        return []
    others = sorted(set(np.unique(array.astype(np.int64)).tolist()) - set(role.labels))
    if not others:
        return []
    listed = ", ".join(map(str, others[:MOST_LISTED])) + (" …" if len(others) > MOST_LISTED else "")
    todo = "set lesion to 1, or name the labels in the sidecar (mask_labels)"
    return [Fault("E304", where, f"labels {listed} (from {lowest} to {highest})", expected, todo)]
