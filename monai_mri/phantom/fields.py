"""Smooth random fields, cheap at any resolution: Gaussian-smoothed white noise as a sum of cosines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]


class SmoothField:
    """One draw of Gaussian-smoothed white noise over a box, of unit standard deviation.

    Smoothing white noise with a Gaussian of ``sigma_mm`` leaves, in the cosine basis of the box,
    coefficients that fall as ``exp(-(sigma * frequency)**2 / 2)``; a dozen a axis are enough, so that the
    field is exact, differentiable and independent of the grid it is evaluated on.

    Args:
        rng: source of randomness; the draws depend on the box and on ``sigma_mm`` only.
        origin_mm: lower corner of the box, one value an axis.
        extent_mm: edge lengths of the box.
        sigma_mm: width of the Gaussian.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        *,
        origin_mm: Sequence[float],
        extent_mm: Sequence[float],
        sigma_mm: float,
    ) -> None:
        self._origin_mm, self._extent_mm = tuple(origin_mm), tuple(extent_mm)
        counts = [max(2, int(np.ceil(2.5 * length / (np.pi * sigma_mm)))) for length in self._extent_mm]
        falls = [
            np.exp(-((np.pi * np.arange(n) / length * sigma_mm) ** 2) / 2)
            for n, length in zip(counts, self._extent_mm, strict=True)
        ]
        weight = falls[0][:, None, None] * falls[1][None, :, None] * falls[2][None, None, :]
        weight[0, 0, 0] = 0.0  # no mean: shifts and gains are drawn elsewhere
        variance = [np.where(np.arange(n) == 0, 1.0, 0.5) for n in counts]
        power = np.einsum("ijk,i,j,k->", weight**2, *variance)
        self._coefficients = (rng.standard_normal(counts) * weight / np.sqrt(power)).astype(np.float32)

    def on_grid(self, axes_mm: Sequence[FloatArray]) -> NDArray[np.float32]:
        """Values on the grid spanned by three coordinate axes in mm, shape ``(len(x), len(y), len(z))``."""
        bases = [self._basis(axis, points) for axis, points in enumerate(axes_mm)]
        values = np.tensordot(bases[2], self._coefficients, axes=(1, 2))  # z i j
        values = np.tensordot(bases[1], values, axes=(1, 2))  # y z i
        values = np.tensordot(bases[0], values, axes=(1, 2))  # x y z
        return np.ascontiguousarray(values, dtype=np.float32)

    def _basis(self, axis: int, points_mm: FloatArray) -> NDArray[np.float32]:
        phase = (np.asarray(points_mm) - self._origin_mm[axis]) / self._extent_mm[axis]
        orders = np.arange(self._coefficients.shape[axis])
        return np.cos(np.pi * np.outer(phase, orders)).astype(np.float32)
