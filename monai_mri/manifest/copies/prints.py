"""What is kept of an image to find its copies: some 6 kB for a picture, 15 kB for a volume."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monai_mri.manifest.copies.canonical import SAMPLES, Pose, canonical
from monai_mri.manifest.copies.thumbnails import THUMBNAIL_SIZES, thumbnail

FloatArray = NDArray[np.float32]

MAGIC = b"monai-mri copies 1\n"
SHORTEST_SIDE = {2: 32, 3: 12}
FEWEST_VOXELS = 64


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """An image reduced to what its copies share.

    `voxels` is a hash of shape and values. `sketch`, `pose` and `inverted` find flips, turns by 90 degrees
    and rescaled grey values; `small` (None for an image too small to tell apart) finds near-copies.
    """

    shape: tuple[int, ...]
    voxels: str
    range: tuple[float, float]
    pose: Pose
    inverted: bool
    sketch: FloatArray
    small: NDArray[np.uint8] | None

    def to_bytes(self) -> bytes:
        """For a cache; `from_bytes` gives the same fingerprint again on every machine."""
        facts = {
            "shape": self.shape,
            "voxels": self.voxels,
            "range": self.range,
            "order": self.pose.order,
            "flipped": self.pose.flipped,
            "inverted": self.inverted,
            "small": self.small is not None,
        }
        header = json.dumps(facts).encode() + b"\n"
        small = b"" if self.small is None else self.small.tobytes()
        return MAGIC + header + self.sketch.astype("<f4").tobytes() + small

    @classmethod
    def from_bytes(cls, packed: bytes) -> Fingerprint:
        """Undo `to_bytes`.

        Raises:
            ValueError: these bytes were not written by this version; make the fingerprint again.
        """
        if not packed.startswith(MAGIC):
            raise ValueError("these bytes are no fingerprint of this version; make it from the image again")
        header, _, rest = packed[len(MAGIC) :].partition(b"\n")
        facts = json.loads(header)
        dimensions = len(facts["shape"])
        sketch_bytes = 4 * (SAMPLES + 3 + dimensions)
        expected = sketch_bytes + (THUMBNAIL_SIZES[dimensions] ** dimensions if facts["small"] else 0)
        if len(rest) != expected:
            raise ValueError(
                f"a fingerprint of {len(rest)} bytes, expected {expected}; make it from the image again"
            )
        small = np.frombuffer(rest[sketch_bytes:], dtype=np.uint8) if facts["small"] else None
        return cls(
            shape=tuple(facts["shape"]),
            voxels=facts["voxels"],
            range=tuple(facts["range"]),
            pose=Pose(tuple(facts["order"]), tuple(facts["flipped"])),
            inverted=facts["inverted"],
            sketch=np.frombuffer(rest[:sketch_bytes], dtype="<f4").astype(np.float32),
            small=None if small is None else small.reshape((THUMBNAIL_SIZES[dimensions],) * dimensions),
        )


def fingerprint(array: FloatArray) -> Fingerprint | None:
    """The fingerprint of one image.

    Args:
        array: A float32 grey picture (H, W) or a volume (I, J, K) in RAS order, as `read_image` gives it.

    Returns:
        None for an image that cannot be told from others: constant, holding NaN or infinity, or of fewer than
        64 voxels.

    Raises:
        ValueError: neither two nor three axes.

    >>> picture = np.random.default_rng(0).random((40, 40), dtype=np.float32)
    >>> fingerprint(picture).voxels == fingerprint(picture[:, ::-1]).voxels
    False
    >>> fingerprint(np.zeros((40, 40), dtype=np.float32)) is None
    True
    """
    if array.ndim not in THUMBNAIL_SIZES:
        raise ValueError(
            f"an image of {array.ndim} axes, expected 2 or 3; choose one picture or volume of it"
        )
    if array.size < FEWEST_VOXELS or not np.isfinite(array).all() or array.min() == array.max():
        return None
    form = canonical(array)
    return Fingerprint(
        shape=tuple(int(length) for length in array.shape),
        voxels=_voxel_hash(array),
        range=(float(array.min()), float(array.max())),
        pose=form.pose,
        inverted=form.inverted,
        sketch=form.sketch,
        small=thumbnail(array) if min(array.shape) >= SHORTEST_SIDE[array.ndim] else None,
    )


def _voxel_hash(array: FloatArray) -> str:
    values = np.ascontiguousarray(array, dtype="<f4") + np.float32(0)  # makes -0 and 0 one value
    digest = hashlib.blake2b(repr(array.shape).encode(), digest_size=16)
    digest.update(values.data)
    return digest.hexdigest()
