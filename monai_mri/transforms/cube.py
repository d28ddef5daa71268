"""The 48 symmetries of the cube: exact copies of a cubic patch, without interpolation.

A symmetry is a number from 0 to 47. 0 is the identity, 0 to 23 are the rotations, and `24 + n` is rotation
`n` with the first spatial axis reversed after it: the 24 rotations times one flip (ms_lesion paper, section
4.1). Each is an order of the three spatial axes and a choice of those to reverse, so every voxel keeps its
value.
"""

from __future__ import annotations

from itertools import permutations, product
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import torch
from monai.data import MetaTensor
from torch import Tensor

from monai_mri.errors import ImageError, UsageError

COUNT = 48
Symmetry = tuple[tuple[int, int, int], tuple[int, int, int]]  # axis that each new axis was; 1 where reversed
Array = npt.NDArray[Any]


def _table() -> tuple[Symmetry, ...]:
    orders = list(permutations(range(3)))
    rotations = [
        (order, flips)
        for order in orders
        for flips in product((0, 1), repeat=3)
        if (sum(order[a] > order[b] for a in range(3) for b in range(a + 1, 3)) + sum(flips)) % 2 == 0
    ]
    mirrored = [(order, (1 - flips[0], *flips[1:])) for order, flips in rotations]
    return tuple(rotations + mirrored)  # type: ignore[arg-type]


SYMMETRIES = _table()
_NUMBERS = {symmetry: number for number, symmetry in enumerate(SYMMETRIES)}


def cube_symmetries(volume: Tensor) -> Tensor:
    """All 48 rotated and mirrored copies of a volume, the identity first.

    Args:
        volume: (C, N, N, N), any type and device.

    Returns:
        (48, C, N, N, N), contiguous, of that type and on that device, in the order of `apply_symmetry`. A
        plain tensor even for a MetaTensor, since each copy would need an affine of its own.

    Raises:
        ImageError: the volume is not four-dimensional, or its sides differ.

    >>> copies = cube_symmetries(torch.arange(8.0).reshape(1, 2, 2, 2))
    >>> copies.shape, len(torch.unique(copies.flatten(1), dim=0)), copies[0].flatten().tolist()[:3]
    (torch.Size([48, 1, 2, 2, 2]), 48, [0.0, 1.0, 2.0])
    """
    if volume.ndim != 4:
        raise ImageError(
            f"volume: shape {tuple(volume.shape)} found, expected (C, N, N, N); add the channel axis"
        )
    check_cube(volume)
    plain = plain_tensor(volume)
    copies = plain.new_empty((COUNT, *plain.shape))
    # Six orders of the axes, then seven flips of each: reading along memory is what makes it fast.
    for order in permutations(range(3)):
        straight = copies[_NUMBERS[order, (0, 0, 0)]]  # type: ignore[index]
        straight.copy_(plain.permute(0, *(axis + 1 for axis in order)))
        for flips in product((0, 1), repeat=3):
            if any(flips):
                copy = copies[_NUMBERS[order, flips]]  # type: ignore[index]
                copy.copy_(straight.flip([axis + 1 for axis in range(3) if flips[axis]]))
    return copies


@overload
def apply_symmetry(volume: Tensor, index: int) -> Tensor: ...
@overload
def apply_symmetry(volume: Array, index: int) -> Array: ...
def apply_symmetry(volume: Tensor | Array, index: int) -> Tensor | Array:
    """One of the 48 copies, of the last three axes of a tensor or array.

    Args:
        volume: (…, N, N, N).
        index: the symmetry, 0 to 47.

    Returns:
        New contiguous copy of the same kind, type and device. A MetaTensor's affine is changed so that every
        voxel keeps its place in the world. The step is not recorded for MONAI's `inverse`; to undo it is
        `apply_symmetry(copy, inverse_symmetry(index))`.

    Raises:
        ImageError: the last three sides differ.
        UsageError: there is no such symmetry.

    >>> apply_symmetry(np.arange(8).reshape(2, 2, 2), 24).ravel().tolist()
    [4, 5, 6, 7, 0, 1, 2, 3]
    """
    order, flips = symmetry_of(index)
    check_cube(volume)
    leading = volume.ndim - 3
    axes = (*range(leading), *(axis + leading for axis in order))
    reversed_ = [axis + leading for axis in range(3) if flips[axis]]
    if isinstance(volume, np.ndarray):
        turned: Array = np.flip(volume.transpose(axes), tuple(reversed_)).copy(order="C")
        return turned
    moved = plain_tensor(volume).permute(axes).contiguous()
    moved = moved.flip(reversed_) if reversed_ else moved.clone()
    if not isinstance(volume, MetaTensor):
        return moved
    affine = volume.affine @ _index_map(index, side=volume.shape[-1]).to(volume.affine)
    placed = MetaTensor(moved, meta=dict(volume.meta))
    placed.affine = affine
    result: Tensor = placed
    return result


def inverse_symmetry(index: int) -> int:
    """The symmetry that undoes this one.

    Raises:
        UsageError: there is no such symmetry.
    """
    order, flips = symmetry_of(index)
    back = tuple(order.index(axis) for axis in range(3))
    return _NUMBERS[back, tuple(flips[place] for place in back)]  # type: ignore[index]


def compose_symmetries(first: int, second: int) -> int:
    """The symmetry that does `first`, then `second`.

    Raises:
        UsageError: there is no such symmetry.

    >>> compose_symmetries(7, inverse_symmetry(7))
    0
    """
    (order, flips), (then, then_flips) = symmetry_of(first), symmetry_of(second)
    both = tuple(order[axis] for axis in then)
    reversed_ = tuple(flips[axis] ^ flip for axis, flip in zip(then, then_flips, strict=True))
    return _NUMBERS[both, reversed_]  # type: ignore[index]


def symmetry_of(index: int) -> Symmetry:
    """The old axis that each new axis was, and 1 for every new axis that runs backwards.

    Raises:
        UsageError: there is no such symmetry.

    >>> symmetry_of(0), symmetry_of(24)
    (((0, 1, 2), (0, 0, 0)), ((0, 1, 2), (1, 0, 0)))
    """
    if not 0 <= index < COUNT:
        raise UsageError(f"symmetry: {index} found, expected a number from 0 to {COUNT - 1}")
    return SYMMETRIES[index]


def plain_tensor(volume: Tensor) -> Tensor:
    """The tensor without MONAI's metadata."""
    plain: Tensor = volume.as_tensor() if isinstance(volume, MetaTensor) else volume
    return plain


def _index_map(index: int, *, side: int) -> Tensor:
    """4 x 4 matrix from voxel indices of the copy to those of the volume it was made from."""
    order, flips = symmetry_of(index)
    matrix = torch.zeros(4, 4, dtype=torch.float64)
    matrix[3, 3] = 1
    for new, (old, flip) in enumerate(zip(order, flips, strict=True)):
        matrix[old, new] = -1 if flip else 1
        matrix[old, 3] = side - 1 if flip else 0
    return matrix


def check_cube(volume: Tensor | Array) -> None:
    """Make sure that the last three sides are equal.

    Raises:
        ImageError: they are not.
    """
    shape = tuple(volume.shape)
    if len(shape) < 3 or len(set(shape[-3:])) != 1:
        raise ImageError(
            f"shape {shape} found, expected three equal sides at the end, (…, N, N, N); only a cube has 48 "
            "exact copies: cut cubic patches, or flip without turning"
        )
