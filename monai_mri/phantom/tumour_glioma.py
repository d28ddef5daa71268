"""One glioma: where it lies, how it grows through the brain, and what it shows in three contrasts.

Buda et al. (Computers in Biology and Medicine 2019) outlined the hyperintensity of FLAIR of 110 lower-grade
gliomas; that is the truth here, too. A glioma grows from a point in the cerebrum or the cerebellum through
white matter and cortex until it has its volume. It spares fluid and the other hemisphere, but for the corpus
callosum, and fills the sulci that it has swallowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.anatomy import Anatomy
from monai_mri.phantom.fields import SmoothField

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
Box = tuple[slice, ...]

VOLUME_ML = (11.0, 68.0)
KINDS = ("plain", "rim", "nodules")

_SHARES = (0.45, 0.30, 0.25)
_REACH_MM, _STEP_MM = 64, 2
_OUTSIDE_MM = -40.0
_EDGE_MM = 4.5
_DIVIDED_MM = 60.0
_LOWEST_MM = 12.0  # below the scan: a glioma that begins there still reaches it
_SEED_SLACK_MM = 3.0
_OVERSHOOT_MM = (
    20.0  # how far above and below the scan a glioma may be sought, so that its ends get their part
)


@dataclass(frozen=True, eq=False)
class Glioma:
    """One glioma on a box of the template's grid of 2 mm; every array has the shape of the box.

    Attributes:
        kind: what contrast medium shows: nothing ("plain"), a "rim" around the core, or "nodules" in it.
        volume_ml: of its hyperintensity on FLAIR, in the template.
        box: the part of the grid that it lies in.
        depth_mm: about how deep a point lies inside, negative outside.
        core: 1 in the core, 0 in the oedema around it and outside.
        uptake: how much contrast medium is taken up, 0 to 1.
        grain: standard normal texture.
        flair: signal of the oedema and of the core on FLAIR, in units of white matter.
        t1: the same before contrast.
        enhancement: what full uptake adds.
    """

    kind: str
    volume_ml: float
    box: Box
    depth_mm: FloatArray
    core: FloatArray
    uptake: FloatArray
    grain: FloatArray
    flair: tuple[float, float]
    t1: tuple[float, float]
    enhancement: float


def draw_glioma(anatomy: Anatomy, rng: np.random.Generator, *, heights_mm: tuple[float, float]) -> Glioma:
    """A glioma of a random place, volume, shape and kind.

    Args:
        anatomy: the template on a grid of 2 mm.
        rng: source of randomness.
        heights_mm: lowest and highest MNI z of the scan. The height of the glioma's seed is uniform over
            that and 20 mm more at both ends, then moved to where the brain ends and to 12 mm below the scan
            at most; so gliomas are about as frequent in the lowest and topmost slices as in the middle.
    """
    low, high = heights_mm
    height = max(rng.uniform(low - _OVERSHOOT_MM, high + _OVERSHOOT_MM), low - _LOWEST_MM)
    seed_mm = _draw_seed_mm(anatomy, rng, height)
    kind = str(rng.choice(KINDS, p=_SHARES))
    volume_ml = float(rng.uniform(*np.cbrt(VOLUME_ML)) ** 3)
    box = _box(anatomy, seed_mm)
    depth = _grown(anatomy, box, seed_mm, volume_ml, rng)
    axes = _axes(anatomy, box)
    core_mm = _smooth(depth, 3.0) - rng.uniform(0.25, 0.5) * float(depth.max())
    core_mm += 1.5 * _field(axes, rng, 5.0)
    grain = 0.7 * _field(axes, rng, 2.5) + 0.7 * _field(axes, rng, 6.0)
    cystic = kind == "rim" and rng.random() < 0.6
    core_flair = rng.uniform(0.85, 1.25) if cystic else rng.uniform(1.45, 1.9)
    return Glioma(
        kind=kind,
        volume_ml=volume_ml,
        box=box,
        depth_mm=depth,
        core=np.clip(0.5 + core_mm / 2.5, 0, 1).astype(np.float32),
        uptake=_uptake(kind, core_mm, axes, rng),
        grain=grain.astype(np.float32),
        flair=(float(rng.uniform(1.5, 1.8)), float(core_flair)),
        t1=(float(rng.uniform(0.70, 0.82)), float(rng.uniform(0.48, 0.64))),
        enhancement=float(rng.uniform(0.6, 1.0)),
    )


def share(depth_mm: FloatArray, tissue: FloatArray, csf: FloatArray) -> FloatArray:
    """Share of glioma, 0 to 1: its outer 5 mm lie in tissue alone, what is deeper fills fluid, too.

    Args:
        depth_mm: how deep points lie in it.
        tissue: share of white and grey matter there.
        csf: share of fluid there.
    """
    soft = np.clip(0.5 + depth_mm / np.float32(_EDGE_MM), 0, 1)
    room = np.clip(2 * tissue - 0.5, 0, 1)
    filled = np.clip((depth_mm - 4) / 2, 0, 1) * csf
    limited: FloatArray = (soft * np.clip(room + filled, 0, 1)).astype(np.float32)
    return limited


def sampled(glioma: Glioma, name: str, indices: NDArray[Any]) -> FloatArray:
    """One of the glioma's arrays at points, given as indices of the template's grid, ``(3, …)``."""
    from scipy import ndimage

    corner = np.array([part.start for part in glioma.box], dtype=np.float32)
    local = indices - corner.reshape(3, *(1,) * (indices.ndim - 1))
    outside = _OUTSIDE_MM if name == "depth_mm" else 0.0
    values: FloatArray = ndimage.map_coordinates(
        getattr(glioma, name), local, order=1, mode="constant", cval=outside, output=np.float32
    )
    return values


def _draw_seed_mm(anatomy: Anatomy, rng: np.random.Generator, height_mm: float) -> NDArray[np.float64]:
    """A point of the brain at a height, or as near to it as the brain allows."""
    points_mm = _seeds_mm(anatomy)
    off_mm = np.abs(points_mm[:, 2] - height_mm)
    near = np.flatnonzero(off_mm <= max(_SEED_SLACK_MM, float(off_mm.min())))
    seed_mm: NDArray[np.float64] = points_mm[near[rng.integers(len(near))]].astype(np.float64)
    return seed_mm


@lru_cache(maxsize=1)
def _seeds_mm(anatomy: Anatomy) -> FloatArray:
    """MNI points where a glioma may begin, ``(n, 3)``: brain, but neither its stem nor its midline."""
    voxels = np.argwhere(anatomy.wm + 0.6 * anatomy.gm > 0.5)
    points_mm: FloatArray = np.stack(
        [axis[i] for axis, i in zip(anatomy.axes_mm, voxels.T, strict=True)], axis=1
    )
    x, y, z = points_mm.T
    stem, _ = _hindbrain(x, y, z)
    allowed: FloatArray = points_mm[~stem & (np.abs(x) > 7)]
    return allowed


def _hindbrain(x: FloatArray, y: FloatArray, z: FloatArray) -> tuple[BoolArray, BoolArray]:
    """Brain stem, and cerebellum below the tentorium."""
    stem = (np.abs(x) < 18) & (y > -44) & (y < -6) & (z < -8)
    tentorium = np.minimum(-12 - 0.35 * (y + 60), -12)
    cerebellum = (y < -30) & (z < tentorium) & ~stem & ((y < -40) | (z < -28))
    return stem, cerebellum


def _box(anatomy: Anatomy, seed_mm: NDArray[np.float64]) -> Box:
    centre, reach = anatomy.nearest_voxel(seed_mm), _REACH_MM // _STEP_MM
    return tuple(
        slice(max(int(c) - reach, 0), min(int(c) + reach + 1, n))
        for c, n in zip(centre, anatomy.wm.shape, strict=True)
    )


def _axes(anatomy: Anatomy, box: Box) -> list[FloatArray]:
    return [axis[part] for axis, part in zip(anatomy.axes_mm, box, strict=True)]


def _grown(
    anatomy: Anatomy, box: Box, seed_mm: NDArray[np.float64], volume_ml: float, rng: np.random.Generator
) -> FloatArray:
    """Depth in mm: voxels of brain join in the order of a ragged distance until the volume is reached."""
    axes = _axes(anatomy, box)
    stretch = np.exp(rng.normal(scale=0.16, size=3))
    stretch /= np.cbrt(np.prod(stretch))
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0] / stretch[:, None]
    offsets = np.stack(np.meshgrid(*(a - c for a, c in zip(axes, seed_mm, strict=True)), indexing="ij"), -1)
    distance = np.linalg.norm(offsets @ turn.T, axis=-1)
    distance *= np.exp(0.24 * _field(axes, rng, 9.0) + 0.09 * _field(axes, rng, 4.0))
    tissue = anatomy.wm[box] + anatomy.gm[box]
    distance += 5.0 * (1 - tissue) + 3.5 * anatomy.gm[box] + 2.0 * anatomy.skull_mm[box]
    distance += _smooth(_detour_mm(axes, seed_mm), 3.0)
    distance = _smooth(distance, 1.6)
    brain = tissue > 0.4
    count = round(volume_ml * 1000 / _STEP_MM**3)
    reached = np.partition(distance[brain], count)[count]
    depth_mm: FloatArray = (reached - distance).astype(np.float32)
    return depth_mm


def _detour_mm(axes: list[FloatArray], seed_mm: NDArray[np.float64]) -> FloatArray:
    """How much longer the way is around the falx, but for the corpus callosum, and the tentorium."""
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    stem, cerebellum = _hindbrain(x, y, z)
    seed_below = bool(_hindbrain(*seed_mm)[1])
    beyond = np.clip(1 - np.sign(seed_mm[0]) * x, 0, None)
    bridged = cerebellum | ((y > -40) & (y < 32) & (z > -2) & (z < 28))
    detour_mm = np.where(bridged, 1.2 * beyond, 8 * beyond)
    detour_mm += np.where(stem, 15, _DIVIDED_MM * (cerebellum != seed_below))
    way_mm: FloatArray = detour_mm.astype(np.float32)
    return way_mm


def _uptake(kind: str, core_mm: FloatArray, axes: list[FloatArray], rng: np.random.Generator) -> FloatArray:
    """Where contrast medium gathers: a patchy rim of 4 mm at the core's edge, or lumps inside the core."""
    patches = _field(axes, rng, 6.0)
    if kind == "rim":
        uptake = np.clip(1.6 - np.abs(core_mm - 1) / 1.6, 0, 1) * np.clip(0.9 + 0.6 * patches, 0, 1)
    elif kind == "nodules":
        lumps = _field(axes, rng, 4.0)
        inside = lumps[core_mm > 1]
        cut = float(np.quantile(inside, rng.uniform(0.65, 0.85))) if len(inside) else np.inf
        uptake = np.clip(2.5 * (lumps - cut), 0, 1) * np.clip(core_mm / 2, 0, 1)
    else:
        uptake = np.zeros_like(core_mm)
    return _smooth(uptake.astype(np.float32), 1.2)


def _smooth(values: FloatArray, sigma_mm: float) -> FloatArray:
    """Values on a grid of 2 mm, blurred, so that no corner of the grid is seen."""
    from scipy import ndimage

    blurred: FloatArray = ndimage.gaussian_filter(values, sigma_mm / _STEP_MM, mode="nearest", truncate=3)
    return blurred


def _field(axes: list[FloatArray], rng: np.random.Generator, sigma_mm: float) -> FloatArray:
    origin_mm = [float(axis[0]) for axis in axes]
    extent_mm = [float(axis[-1] - axis[0]) for axis in axes]
    return SmoothField(rng, origin_mm=origin_mm, extent_mm=extent_mm, sigma_mm=sigma_mm).on_grid(axes)
