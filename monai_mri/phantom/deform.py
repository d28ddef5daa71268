"""Random head shapes: a small affine and a smooth displacement with a positive Jacobian everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.fields import SmoothField

FloatArray = NDArray[np.floating[Any]]

_SIGMA_MM = 18.0
_DISPLACEMENT_MM = 1.6
_LEAST_JACOBIAN = 0.4
_CHECK_STEP_MM = 6.0


class Deformation:
    """Maps points of one subject's head to MNI space: ``affine @ x + shift + displacement(x)``.

    The displacement is Gaussian noise smoothed by 18 mm with a standard deviation of 1.6 mm an axis (peaks of
    4 to 5 mm); it is halved until the Jacobian determinant of the whole map is at least 0.4 on a 6 mm grid.

    Args:
        rng: source of randomness.
        origin_mm: lower corner of the field of view, MNI mm.
        extent_mm: edge lengths of the field of view.
    """

    def __init__(
        self, rng: np.random.Generator, *, origin_mm: Sequence[float], extent_mm: Sequence[float]
    ) -> None:
        self._affine = _rotation(np.deg2rad(rng.uniform(-4, 4, 3))) @ np.diag(rng.uniform(0.95, 1.05, 3))
        self._shift_mm = rng.uniform(-2.5, 2.5, 3)
        self._fields = [
            SmoothField(rng, origin_mm=origin_mm, extent_mm=extent_mm, sigma_mm=_SIGMA_MM) for _ in range(3)
        ]
        self._amplitude_mm = _DISPLACEMENT_MM
        axes = [
            np.arange(o, o + n, _CHECK_STEP_MM, dtype=np.float32)
            for o, n in zip(origin_mm, extent_mm, strict=True)
        ]
        while min(map(len, axes)) > 1 and self.jacobian(axes).min() < _LEAST_JACOBIAN:
            self._amplitude_mm /= 2

    def template_points_mm(self, axes_mm: Sequence[FloatArray]) -> NDArray[np.float32]:
        """MNI coordinates of the grid spanned by three axes in mm, shape ``(3, len(x), len(y), len(z))``."""
        x, y, z = (np.asarray(a, dtype=np.float32) for a in axes_mm)
        points = np.empty((3, len(x), len(y), len(z)), dtype=np.float32)
        for row, (field, weights) in enumerate(zip(self._fields, self._affine, strict=True)):
            a, b, c = (np.float32(w) for w in weights)
            points[row] = field.on_grid((x, y, z))
            points[row] *= np.float32(self._amplitude_mm)
            points[row] += (a * x)[:, None, None] + (b * y)[:, None] + c * z + np.float32(self._shift_mm[row])
        return points

    def jacobian(self, axes_mm: Sequence[FloatArray]) -> NDArray[np.float64]:
        """Determinant of the map's derivative on an evenly spaced grid of at least two points an axis."""
        points = self.template_points_mm(axes_mm)
        steps = [float(axis[1] - axis[0]) for axis in axes_mm]
        derivative = np.stack([np.stack(np.gradient(row, *steps), axis=-1) for row in points], axis=-2)
        determinant: NDArray[np.float64] = np.linalg.det(derivative)
        return determinant


def _rotation(angles_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrix about the x, y and z axes in turn."""
    matrix = np.eye(3)
    for axis, angle in enumerate(angles_rad):
        i, j = (k for k in range(3) if k != axis)
        turn = np.eye(3)
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        matrix = turn @ matrix
    return matrix
