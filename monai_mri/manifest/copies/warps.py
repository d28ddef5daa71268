"""Turn many thumbnails at once: a turn, flip or zoom is one sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

TURNS_DEGREES = (0.0, -5.0, 5.0, -10.0, 10.0, -15.0, 15.0)
TILTS_DEGREES = (0.0, -8.0, 8.0)
REFINED_DEGREES = {2: (-2.0, 0.0, 2.0), 3: (-4.0, 4.0)}
REFINED_ZOOMS = {2: (0.93, 1.0, 1.07), 3: (1.0,)}


@dataclass(frozen=True, eq=False)
class Variant:
    """One way to lay an image on another: flips and quarter turns, then a small rotation."""

    pose: NDArray[np.int8]
    rotation: NDArray[np.float64]

    @property
    def linear(self) -> NDArray[np.float64]:
        """Places in the target to places in the source, about the centre."""
        return np.asarray(self.rotation @ self.pose)


def variants(dimensions: int) -> list[Variant]:
    """All that are tried: 2D 8 poses x 7 rotations up to 15 degrees; 3D 8 flips x 7 tilts of up to 8."""
    rotations = _rotations(dimensions, TURNS_DEGREES if dimensions == 2 else TILTS_DEGREES)
    return [Variant(pose, rotation) for pose in _poses(dimensions) for rotation in rotations]


def refinements(variant: Variant) -> list[NDArray[np.float64]]:
    """The neighbourhood of a variant: a little more or less turned and zoomed."""
    dimensions = len(variant.pose)
    return [
        zoom * rotation @ variant.linear
        for rotation in _rotations(dimensions, REFINED_DEGREES[dimensions])
        for zoom in REFINED_ZOOMS[dimensions]
    ]


def warp_matrix(linear: NDArray[np.float64], size: int, places: NDArray[np.int64] | None = None) -> Any:
    """A SciPy CSR matrix from the flattened cells of an image to those of the warped one, or some of them.

    Values between cells are interpolated linearly; what comes from outside is 0.
    """
    from scipy.sparse import csr_matrix

    dimensions = len(linear)
    cells = np.indices((size,) * dimensions).reshape(dimensions, -1)
    if places is not None:
        cells = cells[:, places]
    middle = (size - 1) / 2
    source = linear @ (cells - middle) + middle
    floor = np.floor(source).astype(np.int64)
    rows, columns, weights = [], [], []
    for corner in product((0, 1), repeat=dimensions):
        place = floor + np.array(corner)[:, None]
        weight = np.prod(1 - np.abs(source - place), axis=0)
        inside = ((place >= 0) & (place < size)).all(axis=0) & (weight > 0)
        rows.append(np.flatnonzero(inside))
        columns.append(np.ravel_multi_index(tuple(place[:, inside]), (size,) * dimensions))
        weights.append(weight[inside])
    shape = (cells.shape[1], size**dimensions)
    entries = np.concatenate(weights).astype(np.float32)
    return csr_matrix((entries, (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def _poses(dimensions: int) -> list[NDArray[np.int8]]:
    orders = permutations(range(2)) if dimensions == 2 else [tuple(range(3))]
    poses = []
    for order in orders:
        for signs in product((1, -1), repeat=dimensions):
            pose = np.zeros((dimensions, dimensions), dtype=np.int8)
            for row, (axis, sign) in enumerate(zip(order, signs, strict=True)):
                pose[row, axis] = sign
            poses.append(pose)
    return poses


def _rotations(dimensions: int, degrees: tuple[float, ...]) -> list[NDArray[np.float64]]:
    planes = [(0, 1)] if dimensions == 2 else [(0, 1), (0, 2), (1, 2)]
    rotations = [] if dimensions == 2 else [np.eye(3)]
    for low, high in planes:
        for angle in np.deg2rad([turn for turn in degrees if dimensions == 2 or turn]):
            rotation = np.eye(dimensions)
            rotation[low, low] = rotation[high, high] = np.cos(angle)
            rotation[low, high], rotation[high, low] = -np.sin(angle), np.sin(angle)
            rotations.append(rotation)
    return rotations
