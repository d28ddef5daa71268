"""Whether two images lie on one grid."""

from __future__ import annotations

import itertools
import math

Affine = tuple[tuple[float, ...], ...]
Grid = tuple[tuple[int, ...], Affine | None]  # shape, and 3 x 4 voxel indices to mm

SHIFT_TOLERANCE = 0.1  # of a voxel: how far apart two grids may lie and still be called one


def grid_difference(first: Grid, second: Grid) -> tuple[str, str]:
    """How the second grid differs from the first, and what the first is; empty when they agree.

    Shapes must be equal, and no corner more than a tenth of a voxel apart. Without affines only shapes
    are compared.

    >>> grid_difference(((4, 4), None), ((4, 5), None))
    ('shape 4 x 5', 'shape 4 x 4')
    """
    if first[0] != second[0]:
        return f"shape {_times(second[0])}", f"shape {_times(first[0])}"
    one, other = first[1], second[1]
    if one is None or other is None:
        return "", ""
    gap = [tuple(b - a for a, b in zip(*rows, strict=True)) for rows in zip(one, other, strict=True)]
    corners = itertools.product(*((0, length - 1) for length in (*first[0], 1, 1)[:3]))
    distances_mm = [math.hypot(*_at(gap, corner)) for corner in corners]
    voxel_mm = min(math.hypot(*column) for column in list(zip(*one, strict=True))[:3])
    if all(distance <= SHIFT_TOLERANCE * voxel_mm for distance in distances_mm):  # never, where one is nan
        return "", ""
    apart_mm = max(distances_mm)
    return f"an affine {apart_mm:.3g} mm off", "the affine"


def _at(affine: list[tuple[float, ...]], index: tuple[int, ...]) -> list[float]:
    return [sum(row[axis] * index[axis] for axis in range(3)) + row[3] for row in affine]


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
