"""Veins on QSM: thin paramagnetic lines, bright whatever class a lesion beside them has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.anatomy import Anatomy

FloatArray = NDArray[np.float32]
Vector = NDArray[np.float64]

_COUNT = 160
_CENTRAL_PPM, _CENTRAL_RADIUS_MM = 0.05, 0.6


@dataclass(frozen=True)
class Vein:
    """A straight piece of a vein: its ends in MNI mm, its radius, and what it adds to QSM in ppm."""

    start_mm: Vector
    end_mm: Vector
    radius_mm: float
    added_ppm: float


def draw_veins(anatomy: Anatomy, rng: np.random.Generator) -> list[Vein]:
    """Medullary veins of one head, fanning out from the walls of the lateral ventricles."""
    sites = _starts(anatomy)
    veins = []
    for voxel in sites[rng.integers(len(sites), size=_COUNT)]:
        start_mm = voxel * anatomy.step_mm + np.asarray(anatomy.origin_mm)
        hub_mm = np.array([np.sign(start_mm[0]) * 10.0, np.clip(start_mm[1], -40, 25), 8.0])
        outward = start_mm - hub_mm
        outward /= max(float(np.linalg.norm(outward)), 1e-6)
        end_mm = start_mm + (outward + 0.25 * rng.standard_normal(3)) * rng.uniform(8, 26)
        veins.append(Vein(start_mm, end_mm, float(rng.uniform(0.45, 0.9)), float(rng.uniform(0.05, 0.14))))
    return veins


def central_vein(direction: Vector, centre_mm: Vector, reach_mm: float) -> Vein:
    """A vein through a lesion's centre, a little longer than the lesion."""
    half_mm = direction * (reach_mm + 2)
    return Vein(centre_mm - half_mm, centre_mm + half_mm, _CENTRAL_RADIUS_MM, _CENTRAL_PPM)


def paint_veins(
    qsm: FloatArray, veins: Sequence[Vein], axes_mm: Sequence[FloatArray], *, within: FloatArray
) -> None:
    """Add veins to a QSM, in place; where voxels are wider than a vein, it fills a part of them.

    Args:
        qsm: susceptibility in ppm.
        veins: the veins; those outside the grid cost next to nothing.
        axes_mm: MNI coordinates of the grid's three axes, rising.
        within: share of tissue, 0 to 1; no vein is painted where there is none.
    """
    step_mm = np.float32(axes_mm[0][1] - axes_mm[0][0]) if len(axes_mm[0]) > 1 else np.float32(1)
    for vein in veins:
        width_mm = np.hypot(vein.radius_mm, 0.4 * step_mm)
        low = np.minimum(vein.start_mm, vein.end_mm) - 3 * width_mm
        high = np.maximum(vein.start_mm, vein.end_mm) + 3 * width_mm
        box = tuple(
            slice(int(np.searchsorted(axis, a)), int(np.searchsorted(axis, b)))
            for axis, a, b in zip(axes_mm, low, high, strict=True)
        )
        if any(part.start >= part.stop for part in box):
            continue
        axes = [axis[part] for axis, part in zip(axes_mm, box, strict=True)]
        distance2 = _squared_distance(vein, axes)
        strength = vein.added_ppm * (vein.radius_mm / width_mm) ** 2
        qsm[box] += (strength * np.exp(-distance2 / (2 * (0.7 * width_mm) ** 2)) * within[box]).astype(
            np.float32
        )


def _squared_distance(vein: Vein, axes_mm: Sequence[FloatArray]) -> FloatArray:
    """Squared distance of a grid's points to the vein's line, in mm2."""
    x, y, z = (
        axis.reshape(shape) - np.float32(base)
        for axis, base, shape in zip(
            axes_mm, vein.start_mm, ((-1, 1, 1), (1, -1, 1), (1, 1, -1)), strict=True
        )
    )
    a, b, c = (np.float32(value) for value in vein.end_mm - vein.start_mm)
    along = np.clip((a * x + b * y + c * z) / (a * a + b * b + c * c), 0, 1)
    squared: FloatArray = (x - a * along) ** 2 + (y - b * along) ** 2 + (z - c * along) ** 2
    return squared


@lru_cache(maxsize=2)
def _starts(anatomy: Anatomy) -> NDArray[np.intp]:
    """White matter at the walls of the lateral ventricles."""
    z = anatomy.axes_mm[2]
    return np.argwhere((anatomy.wm > 0.5) & (anatomy.ventricle_mm > 1) & (anatomy.ventricle_mm < 4) & (z > 0))
