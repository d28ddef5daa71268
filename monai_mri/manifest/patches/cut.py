"""Place a cube on a voxel and cut it out of a volume, without interpolation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

BORDERS = ("pad", "shift", "skip")


@dataclass(frozen=True)
class Box:
    """Where a patch lies in its volume: the index of its first voxel (may be below 0), and its size.

    `shift` is how far it was moved along each axis to lie inside, `padded` how many of its voxels lie
    outside the volume.
    """

    start: tuple[int, int, int]
    size: int
    shift: tuple[int, int, int]
    padded: int


def place(centre: Sequence[int], shape: Sequence[int], *, size: int, border: str = "pad") -> Box | None:
    """The cube of `size` voxels on a centre, which becomes voxel `size // 2` of each of its axes.

    An odd size has the centre in its middle, an even one at the upper of its two middles. Where the cube
    leaves the volume it stays so (`pad`), is moved inside (`shift`), or there is none (`skip`): None. A
    volume smaller than the cube cannot hold it: None, too, unless padded.

    >>> place((1, 5, 5), (9, 9, 9), size=5, border="shift")
    Box(start=(0, 3, 3), size=5, shift=(1, 0, 0), padded=0)
    """
    wished = [middle - size // 2 for middle in centre]
    if border == "pad":
        inside = 1
        for start, length in zip(wished, shape, strict=True):
            inside *= max(0, min(start + size, length) - max(start, 0))
        return Box(_three(wished), size, (0, 0, 0), size**3 - inside)
    moved = [min(max(start, 0), length - size) for start, length in zip(wished, shape, strict=True)]
    if min(shape) < size or (border == "skip" and moved != wished):
        return None
    shift = [far - near for far, near in zip(moved, wished, strict=True)]
    return Box(_three(moved), size, _three(shift), 0)


def cut(array: npt.NDArray[Any], box: Box, *, background: float = 0) -> npt.NDArray[Any]:
    """The voxels of a box, shape (size, size, size), of the array's type; `background` outside it."""
    import numpy as np

    patch = np.full((box.size,) * 3, background, dtype=array.dtype)
    low = [max(start, 0) for start in box.start]
    high = [min(start + box.size, length) for start, length in zip(box.start, array.shape, strict=True)]
    source = tuple(slice(a, max(a, b)) for a, b in zip(low, high, strict=True))
    target = tuple(
        slice(a - start, max(a, b) - start) for a, b, start in zip(low, high, box.start, strict=True)
    )
    patch[target] = array[source]
    return patch


def moved_affine(affine: npt.NDArray[np.float64], box: Box) -> npt.NDArray[np.float64]:
    """The affine of a patch: its voxels have the world coordinates that they had in the volume."""
    moved = affine.copy()
    moved[:3, 3] += affine[:3, :3] @ list(box.start)
    return moved


def _three(values: Sequence[int]) -> tuple[int, int, int]:
    first, second, third = values
    return first, second, third
