"""What contrast medium lights up in every head: venous sinuses, arteries at the base, veins of the cortex."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.anatomy import Anatomy
from monai_mri.phantom.veins import Vein, paint_veins

FloatArray = NDArray[np.float32]
Points = list[tuple[float, float, float]]

_CORTICAL = 70
_SINUS_MM = 2.6
# MNI mm; with x mirrored where x is not 0
_VESSELS: dict[str, tuple[float, Points]] = {
    "carotid": (1.9, [(13, 4, -46), (14, 6, -30), (13, 2, -20)]),
    "middle cerebral": (1.4, [(13, 2, -19), (26, 4, -18), (38, 2, -14), (42, -6, 0), (44, -24, 12)]),
    "anterior cerebral": (1.1, [(9, 6, -18), (2, 22, -16), (2, 36, -2), (2, 36, 14), (2, 22, 28)]),
    "posterior cerebral": (1.1, [(1, -16, -18), (14, -22, -14), (22, -36, -6)]),
    "basilar": (1.7, [(0, -24, -56), (0, -18, -36), (0, -14, -20)]),
    "internal cerebral": (1.1, [(3, 2, 12), (3, -20, 12), (2, -36, 6)]),
    "straight sinus": (2.0, [(0, -36, 4), (0, -50, 4), (0, -72, -4), (0, -96, -8)]),
}


def draw_enhancement(anatomy: Anatomy, rng: np.random.Generator) -> FloatArray:
    """What contrast medium adds in a head's vessels, in units of white matter, on the anatomy's grid."""
    added = np.zeros(anatomy.wm.shape, dtype=np.float32)
    strength = rng.uniform(0.9, 1.4)
    trunks = [_moved(vein, rng, strength) for vein in _trunks(anatomy)]
    paint_veins(added, trunks + _cortical(anatomy, rng), anatomy.axes_mm, within=_within(anatomy))
    return np.minimum(added, np.float32(1.6))


@lru_cache(maxsize=1)
def _within(anatomy: Anatomy) -> FloatArray:
    """1 inside the skull and 0 outside, with a soft edge."""
    inside: FloatArray = np.clip(1.5 - anatomy.skull_mm / 2, 0, 1)
    return inside


@lru_cache(maxsize=1)
def _trunks(anatomy: Anatomy) -> tuple[Vein, ...]:
    """The large vessels, which every head has."""
    lines: list[tuple[float, NDArray[np.float64]]] = [(_SINUS_MM, line) for line in _sinuses(anatomy)]
    for radius_mm, points in _VESSELS.values():
        for side in (1, -1) if any(x for x, _, _ in points) else (1,):
            lines.append((radius_mm, np.array(points, dtype=float) * (side, 1, 1)))
    return tuple(Vein(a, b, radius_mm, 1.0) for radius_mm, line in lines for a, b in pairwise(line))


def _sinuses(anatomy: Anatomy) -> list[NDArray[np.float64]]:
    """The sagittal sinus in the midline and the two transverse ones, along the inside of the skull."""
    up = np.deg2rad(np.arange(25, 201, 6))
    sagittal = [_on_skull(anatomy, (0, -17, 0), (0, np.cos(angle), np.sin(angle))) for angle in up]
    sides = []
    for side in (-1, 1):
        around = np.deg2rad(np.arange(0, 81, 8))
        sides.append(
            [
                _on_skull(anatomy, (0, -30, -10 - 8 * k / 10), (side * np.sin(a), -np.cos(a), 0))
                for k, a in enumerate(around)
            ]
        )
    return [np.stack(line) for line in (sagittal, *sides)]


def _on_skull(
    anatomy: Anatomy, start_mm: tuple[float, float, float], direction: tuple[float, float, float]
) -> NDArray[np.float64]:
    """The last point inside the skull on the way from a point."""
    way = np.asarray(start_mm) + np.arange(0, 120)[:, None] * np.asarray(direction)
    voxels = np.clip(anatomy.nearest_voxel(way), 0, np.array(anatomy.wm.shape) - 1)
    inside = np.flatnonzero(anatomy.skull_mm[tuple(voxels.T)] <= 0)
    point_mm: NDArray[np.float64] = way[inside[-1]]
    return point_mm


def _moved(vein: Vein, rng: np.random.Generator, strength: float) -> Vein:
    """A large vessel with the calibre and the filling of one head."""
    radius_mm = vein.radius_mm * rng.uniform(0.85, 1.2)
    return Vein(vein.start_mm, vein.end_mm, radius_mm, strength * rng.uniform(0.8, 1.1))


def _cortical(anatomy: Anatomy, rng: np.random.Generator) -> list[Vein]:
    """Short veins in the sulci, of random place and direction."""
    sites = _sulci(anatomy)
    veins = []
    for voxel in sites[rng.integers(len(sites), size=_CORTICAL)]:
        start_mm = voxel * anatomy.step_mm + np.asarray(anatomy.origin_mm)
        direction = rng.standard_normal(3) * (0.6, 0.6, 1.0)
        end_mm = start_mm + direction / np.linalg.norm(direction) * rng.uniform(5, 16)
        veins.append(Vein(start_mm, end_mm, float(rng.uniform(0.7, 1.3)), float(rng.uniform(0.6, 1.2))))
    return veins


@lru_cache(maxsize=1)
def _sulci(anatomy: Anatomy) -> NDArray[np.intp]:
    """Voxels of fluid outside the ventricles that touch cortex."""
    return np.argwhere((anatomy.csf > 0.3) & (anatomy.gm > 0.2) & (anatomy.ventricle_mm > 12))
