"""What is bright on FLAIR and is no plaque: marrow, scalp, orbits, sinuses, mastoids, choroid plexus, flow.

Stasiak et al. (BIOSTEC 2017, section 5) blame the bones of the calvaria, broad in the topmost slices, the
surroundings of the eye globes and the sinuses for the false positives of both raw thresholds and their
network. All signals are in units of white matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.anatomy import Anatomy
from monai_mri.phantom.fields import SmoothField

FloatArray = NDArray[np.floating[Any]]

_BONE, _AIR, _MUSCLE, _VITREOUS, _NERVE = 0.10, 0.03, 0.34, 0.20, 0.95
_SHELL_MM = 19.0
_TABLE_MM, _SCALP_MM, _SKIN_MM = 1.4, 3.6, 1.6
_BRIGHTEST = 2.2

_GLOBE_MM = np.array([31.0, 53.0, -37.0])
_APEX_MM = np.array([13.0, 18.0, -31.0])
_MASTOID_MM = np.array([56.0, -36.0, -42.0])
_MAXILLARY_MM = np.array([28.0, 42.0, -63.0])
_ETHMOID_MM = np.array([0.0, 42.0, -42.0])
_SPHENOID_MM = np.array([0.0, 8.0, -38.0])


@dataclass(frozen=True)
class _Shell:
    """The voxels outside the cranial cavity and within the head, as flat lists in the order of the grid."""

    voxels: NDArray[np.intp]
    points_mm: FloatArray
    head_mm: FloatArray
    skull_mm: FloatArray
    face: NDArray[np.intp]


def head_around_brain(anatomy: Anatomy, rng: np.random.Generator) -> FloatArray:
    """Signal of everything outside the cranial cavity; 0 inside the cavity and in the air around the head."""
    shell = _shell(anatomy)
    patches, grain = (_texture(anatomy, rng, sigma_mm).ravel()[shell.voxels] for sigma_mm in (9.0, 2.5))
    values = _skull_and_scalp(shell, patches, grain, rng)
    below = shell.head_mm <= 0
    values[below] = _skull_base(shell, patches, grain)[below]
    face, points_mm = values[shell.face], shell.points_mm[:, shell.face]
    _paint_cavities(face, points_mm, patches[shell.face], grain[shell.face], rng)
    _paint_orbits(face, points_mm, grain[shell.face], rng)
    values[shell.face] = face
    values *= np.clip(shell.skull_mm, 0, 1)
    head = np.zeros(anatomy.wm.shape, dtype=np.float32)
    head.ravel()[shell.voxels] = np.clip(values, 0, _BRIGHTEST)
    return head


def bright_fluid(anatomy: Anatomy, rng: np.random.Generator) -> FloatArray:
    """Signal to add to CSF, 0 to 1.3: choroid plexus in the atria, inflow at the foramina and below."""
    added = np.zeros(anatomy.wm.shape, dtype=np.float32)
    plexus = [(side * 21.0, -38.0, 9.0) for side in (-1, 1)]
    inflow = [(-5.0, 4.0, 10.0), (5.0, 4.0, 10.0), (0.0, -14.0, 2.0), (0.0, -46.0, -32.0)]
    for centre_mm in plexus:
        _add_blob(added, anatomy, centre_mm, rng.uniform(2.0, 3.5), rng.uniform(0.9, 1.3), rng)
    for centre_mm in inflow:
        _add_blob(added, anatomy, centre_mm, rng.uniform(2.5, 5.0), rng.uniform(0.0, 1.1), rng)
    return added


@lru_cache(maxsize=2)
def _shell(anatomy: Anatomy) -> _Shell:
    voxels = np.flatnonzero((anatomy.skull_mm > 0) & (anatomy.head_mm < _SHELL_MM))
    indices = np.unravel_index(voxels, anatomy.wm.shape)
    points_mm = np.stack([axis[i] for axis, i in zip(anatomy.axes_mm, indices, strict=True)])
    head_mm, skull_mm = (distance.ravel()[voxels] for distance in (anatomy.head_mm, anatomy.skull_mm))
    face = np.flatnonzero((points_mm[2] < -14) & (points_mm[1] > -60) & (head_mm < 6))
    return _Shell(voxels, points_mm, head_mm, skull_mm, face)


def _texture(anatomy: Anatomy, rng: np.random.Generator, sigma_mm: float) -> FloatArray:
    field = SmoothField(rng, origin_mm=anatomy.origin_mm, extent_mm=anatomy.extent_mm, sigma_mm=sigma_mm)
    return field.on_grid(anatomy.axes_mm)


def _skull_and_scalp(
    shell: _Shell, patches: FloatArray, grain: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Inner table, marrow, outer table, fat under the scalp and skin, from the core of the head outwards."""
    height = np.clip((shell.points_mm[2] + 58) / 20, 0, 1)
    marrow = rng.uniform(1.0, 1.6) * np.exp(0.28 * patches + 0.12 * grain)
    marrow = marrow * height + (_MUSCLE + 0.1 * patches) * (1 - height)
    fat = rng.uniform(0.6, 1.1) * np.exp(0.22 * patches + 0.28 * grain)
    diploe_mm = rng.uniform(2.6, 4.4) * (1 + 0.15 * patches)
    outer_mm = _TABLE_MM + diploe_mm + _TABLE_MM
    skin_mm = outer_mm + _SCALP_MM * (1 + 0.1 * patches)
    depth = shell.head_mm
    values: FloatArray = _BONE * _band(depth, 0.0, outer_mm)
    values += (marrow - _BONE) * _band(depth, _TABLE_MM, _TABLE_MM + diploe_mm)
    values += fat * _band(depth, outer_mm, skin_mm)
    values += 0.5 * _band(depth, skin_mm, skin_mm + _SKIN_MM)
    return values


def _skull_base(shell: _Shell, patches: FloatArray, grain: FloatArray) -> FloatArray:
    """Muscle, bone and patches of marrow and fat under the brain, with bright grains of vessels."""
    soft = _MUSCLE * np.exp(0.25 * patches + 0.3 * grain)
    marrow = np.clip(2.0 * (patches - 0.9), 0, 1) * np.exp(0.25 * grain) * 1.3
    vessels = 1.4 * np.clip(2.5 * (grain - 2.1), 0, 1)
    bone = np.clip((shell.skull_mm - 1.5) / 2, 0, 1)
    brightest: FloatArray = np.maximum(soft, np.maximum(marrow, vessels))
    return _BONE + bone * (brightest - _BONE)


def _paint_orbits(
    values: FloatArray, points_mm: FloatArray, grain: FloatArray, rng: np.random.Generator
) -> None:
    """Eyeballs with a bright rim in bright fat, each with its optic nerve running back to the apex."""
    fat = rng.uniform(1.2, 1.7)
    jitter_mm = rng.normal(scale=1.0, size=3)
    for side in (-1, 1):
        mirror = np.array([side, 1, 1])
        globe_mm, apex_mm = (_GLOBE_MM + jitter_mm) * mirror, _APEX_MM * mirror
        along, across_mm = _along_line(points_mm, apex_mm, globe_mm)
        to_globe_mm = _distance_mm(points_mm, globe_mm)
        cone_mm = 4 + 13 * np.clip(along, 0, 1) - across_mm
        orbit = np.clip(np.maximum(cone_mm, 15.5 - to_globe_mm), 0, 1) * (along > 0) * (along < 1.12)
        _blend(values, orbit, fat * np.exp(0.12 * grain))
        rectus = _band(cone_mm, 2.0, 4.5) * (along < 0.9) * (along > 0.1)
        _blend(values, rectus, 0.55)
        _blend(values, np.clip(2.8 - across_mm, 0, 1) * (along > 0) * (along < 0.8), _NERVE)
        _blend(values, np.clip(12.3 - to_globe_mm, 0, 1), 0.75)
        _blend(values, np.clip(10.9 - to_globe_mm, 0, 1), _VITREOUS)


def _paint_cavities(
    values: FloatArray,
    points_mm: FloatArray,
    patches: FloatArray,
    grain: FloatArray,
    rng: np.random.Generator,
) -> None:
    """Air of the sinuses and mastoid cells, with bright mucosa whose thickness differs between heads."""
    for centre_mm, axes_mm, paired in (
        (_ETHMOID_MM, (11.0, 21.0, 14.0), False),
        (_SPHENOID_MM, (12.0, 10.0, 9.0), False),
        (_MAXILLARY_MM, (14.0, 15.0, 16.0), True),
    ):
        for side in (-1, 1) if paired else (1,):
            swelling_mm = rng.uniform(0.0, 2.5)
            inside_mm = _ellipsoid_mm(points_mm, centre_mm * np.array([side, 1, 1]), axes_mm)
            inside_mm += 1.5 * patches + 0.7 * grain
            _blend(values, np.clip(inside_mm, 0, 1), rng.uniform(1.2, 1.8))
            air_mm = inside_mm - swelling_mm * (1 + patches + 0.5 * grain)
            _blend(values, np.clip(air_mm - 0.5, 0, 1) * (grain < 1.6), _AIR)
    fluid = rng.uniform(0.0, 0.6, size=2)
    for side, wet in zip((-1, 1), fluid, strict=True):
        inside_mm = _ellipsoid_mm(points_mm, _MASTOID_MM * np.array([side, 1, 1]), (11.0, 16.0, 16.0))
        cells = np.clip(inside_mm / 2, 0, 1)
        _blend(values, cells, _AIR)
        _blend(values, cells * np.clip(3 * (grain - 1.2 + 2 * wet), 0, 1), rng.uniform(1.3, 2.0))


def _add_blob(
    added: FloatArray,
    anatomy: Anatomy,
    centre_mm: Sequence[float],
    radius_mm: float,
    strength: float,
    rng: np.random.Generator,
) -> None:
    """Add a Gaussian bump, somewhere near its centre."""
    moved_mm = np.asarray(centre_mm) + rng.normal(scale=1.5, size=3)
    box = tuple(slice(n - 20, n + 21) for n in anatomy.nearest_voxel(moved_mm))
    x, y, z = (
        np.exp(-(((axis[part] - c) / radius_mm) ** 2) / 2)
        for axis, part, c in zip(anatomy.axes_mm, box, moved_mm, strict=True)
    )
    added[box] += (strength * x[:, None, None] * y[:, None] * z).astype(np.float32)


def _blend(values: FloatArray, share: FloatArray, signal: FloatArray | float) -> None:
    """Replace a share of each value by another signal, in place."""
    values += (share * (signal - values)).astype(np.float32)


def _band(depth_mm: FloatArray, start_mm: FloatArray | float, end_mm: FloatArray | float) -> FloatArray:
    """Membership of a layer between two depths, with edges 1 mm wide."""
    band: FloatArray = np.clip(depth_mm - start_mm + 0.5, 0, 1) * np.clip(end_mm - depth_mm + 0.5, 0, 1)
    return band


def _distance_mm(points_mm: FloatArray, centre_mm: NDArray[np.float64]) -> FloatArray:
    distance: FloatArray = np.linalg.norm(points_mm - centre_mm[:, None].astype(np.float32), axis=0)
    return distance


def _ellipsoid_mm(
    points_mm: FloatArray, centre_mm: NDArray[np.float64], axes_mm: Sequence[float]
) -> FloatArray:
    """About how deep points lie in an ellipsoid, in mm; negative outside."""
    scale = np.asarray(axes_mm, dtype=np.float32)[:, None]
    radius = np.linalg.norm((points_mm - centre_mm[:, None].astype(np.float32)) / scale, axis=0)
    depth_mm: FloatArray = (1 - radius) * np.float32(min(axes_mm))
    return depth_mm


def _along_line(
    points_mm: FloatArray, start_mm: NDArray[np.float64], end_mm: NDArray[np.float64]
) -> tuple[FloatArray, FloatArray]:
    """Position of points along a line, 0 at its start and 1 at its end, and their distance to it in mm."""
    line = (end_mm - start_mm).astype(np.float32)
    offsets = points_mm - start_mm[:, None].astype(np.float32)
    along = line @ offsets / float(line @ line)
    return along, np.linalg.norm(offsets - line[:, None] * along, axis=0)
