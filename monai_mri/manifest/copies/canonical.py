"""Turn an image into the one pose and scale that all its flipped, turned and rescaled copies share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

SAMPLES = 256
LARGEST_EXACT = 2**24  # voxels; beyond, memory counts more than the last digits
DIRECTIONS = {2: ("up-down", "left-right"), 3: ("left-right", "front-back", "up-down")}


@dataclass(frozen=True)
class Pose:
    """How an image was brought into its canonical form: its axes in new order, then some of them flipped."""

    order: tuple[int, ...]
    flipped: tuple[bool, ...]

    @property
    def matrix(self) -> NDArray[np.int8]:
        """The signed permutation, canonical axes x axes of the image."""
        matrix = np.zeros((len(self.order),) * 2, dtype=np.int8)
        for row, (axis, flip) in enumerate(zip(self.order, self.flipped, strict=True)):
            matrix[row, axis] = -1 if flip else 1
        return matrix


@dataclass(frozen=True)
class Canonical:
    """An image's pose, whether its grey values were inverted, and figures that its copies share."""

    pose: Pose
    inverted: bool
    sketch: FloatArray


def canonical(array: FloatArray) -> Canonical:
    """The canonical form of an image that is not constant.

    Axes are sorted by length, equal ones by how their profiles differ; each is turned so that its brighter
    half comes last; grey values are put on 0 to 1, and inverted where their third moment is negative. The
    sketch holds 256 voxels at fixed places, then mean, spread, third moment and the centre of brightness.
    An image that is symmetric to rounding has no one pose; its own copies may then be missed.
    """
    exact = array.size <= LARGEST_EXACT
    values: NDArray[np.floating] = array.astype(np.float64) if exact else array.astype(np.float32)
    values -= values.min()
    values /= values.max()
    centred = values - values.mean()
    inverted = bool(np.vdot(centred * centred, centred) < 0)
    if inverted:
        values, centred = 1.0 - values, -centred
    profiles = [
        centred.mean(axis=tuple(other for other in range(array.ndim) if other != axis))
        for axis in range(array.ndim)
    ]
    order = tuple(
        sorted(range(array.ndim), key=lambda axis: (array.shape[axis], float((profiles[axis] ** 2).sum())))
    )
    centres = [float(np.dot(profiles[axis], np.linspace(-1, 1, array.shape[axis]))) for axis in order]
    pose = Pose(order, tuple(centre < 0 for centre in centres))
    posed = np.flip(values.transpose(order), tuple(axis for axis, flip in enumerate(pose.flipped) if flip))
    moments = [
        float(values.mean()),
        float(values.std()),
        float(np.vdot(centred * centred, centred)) / values.size,
    ]
    moments += [abs(centre) / array.shape[axis] for centre, axis in zip(centres, order, strict=True)]
    return Canonical(pose, inverted, np.concatenate([_samples(posed), moments]).astype(np.float32))


def describe(matrix: NDArray[np.int8]) -> str:
    """A signed permutation of axes in words; empty for none.

    >>> describe(np.array([[1, 0], [0, -1]], dtype=np.int8))
    'flipped left-right'
    """
    dimensions = len(matrix)
    if (np.abs(matrix) == np.eye(dimensions)).all():
        flips = [
            name for name, sign in zip(DIRECTIONS[dimensions], matrix.diagonal(), strict=True) if sign < 0
        ]
        if dimensions == 2 and len(flips) == 2:
            return "turned by 180 degrees"
        return f"flipped {' and '.join(flips)}" if flips else ""
    if dimensions == 2:
        turned = round(float(np.linalg.det(matrix))) > 0
        return "turned by 90 degrees" if turned else "flipped across a diagonal"
    return "axes exchanged"


def _samples(posed: NDArray[np.floating]) -> NDArray[np.float64]:
    places = np.random.default_rng(0).random((posed.ndim, SAMPLES))
    index = tuple((row * length).astype(int) for row, length in zip(places, posed.shape, strict=True))
    return np.asarray(posed[index], dtype=np.float64)
