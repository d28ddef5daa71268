"""Demyelinating plaques: where they lie, how large they are, what they look like on FLAIR.

Figures come from the consensus masks and FLAIR images of Lesjak et al., Neuroinformatics 2017 (20 patients,
1 mm MNI space; 26-connected components). Of components of at least 0.03 ml a patient has 4 to 119, with
median 26.5 and, in the logarithm, mean log(25) and standard deviation 0.96. Their volume has the 10, 25, 50,
75, 90, 95 and 99 % quantiles 0.034, 0.041, 0.064, 0.13, 0.35, 0.86 and 7.5 ml; the largest, a confluent
one, has 47 ml, and a patient's total is 0.3 to 52 ml, median 14 ml. The phantom draws volumes from log-normal
laws (periventricular ones larger) between 0.05 ml, about what clinical slices show, and 8 ml at most;
plaques that meet become confluent. Its small plaques are thus larger than real ones, its largest smaller.

In units of white matter the voxels of real plaques have the 5, 25, 50, 75 and 95 % quantiles 1.15, 1.27,
1.40, 1.54, 1.74 (patient 07) and 1.11, 1.28, 1.39, 1.49, 1.59 (patient 19), and their median is 1.32 and 1.36
times that of the ring 2 to 6 mm around them. At effect 1 a phantom at 1 mm has about 1.2, 1.32, 1.41, 1.5,
1.6 and 1.38, because edges and partial volume take a part of the contrast of 0.5 drawn here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.anatomy import Anatomy

FloatArray = NDArray[np.float32]
Vector = NDArray[np.float64]

PLACES = ("periventricular", "juxtacortical", "deep", "infratentorial")

_SHARE = (0.42, 0.24, 0.20, 0.14)
_LARGEST_ML = {"periventricular": 8.0, "juxtacortical": 1.2, "deep": 2.0, "infratentorial": 1.0}
_ELONGATION = {"periventricular": (1.5, 2.4), "juxtacortical": (1.0, 1.6), "deep": (1.0, 1.7)}
_COUNT_MEDIAN, _COUNT_LOG_SD, _COUNT_RANGE = 25.0, 0.8, (4, 90)
_SCALE_ML = {"periventricular": 0.05, "juxtacortical": 0.015, "deep": 0.015, "infratentorial": 0.015}
_VOLUME_LOG_SD, _SMALLEST_ML, _FIRST_ML = 1.8, 0.05, 0.6
_CONTRAST, _CONTRAST_SD, _LEAST_CONTRAST = 0.50, 0.08, 0.30
_EDGE_MM = 1.6
_WAVES = 7


@dataclass(frozen=True)
class Plaque:
    """One plaque in MNI space.

    Attributes:
        place: one of `PLACES`.
        centre_mm: its centre, MNI mm.
        semi_axes_mm: the three semi-axes of the ellipsoid behind its shape.
        frame: rotation, rows are the directions of the semi-axes; the first is the long one.
        wave_vectors: ``(n, 3)`` radians a unit of scaled radius, the irregularity of its edge.
        wave_phases: ``(n,)`` radians.
        contrast: signal above white matter at effect 1, in units of white matter.
    """

    place: str
    centre_mm: Vector
    semi_axes_mm: Vector
    frame: Vector
    wave_vectors: Vector
    wave_phases: Vector
    contrast: float


def draw_plaques(anatomy: Anatomy, rng: np.random.Generator) -> list[Plaque]:
    """The plaques of one patient: a sizeable one at the ventricles, one in every place, and then others."""
    low, high = _COUNT_RANGE
    count = int(np.clip(np.rint(rng.lognormal(np.log(_COUNT_MEDIAN), _COUNT_LOG_SD)), low, high))
    places = [*PLACES, *rng.choice(PLACES, size=count - len(PLACES), p=_SHARE)]
    sites = _candidates(anatomy)
    least_ml = [_FIRST_ML] + [_SMALLEST_ML] * (count - 1)
    return [
        _draw(str(place), anatomy, sites[str(place)], rng, least_ml=least)
        for place, least in zip(places, least_ml, strict=True)
    ]


def paint_plaques(anatomy: Anatomy, plaques: list[Plaque]) -> tuple[FloatArray, FloatArray]:
    """Occupancy and signal of plaques on the anatomy's grid.

    Returns:
        Share of each voxel that is plaque, 0 to 1 with soft edges, and the signal that plaques add at
        effect 1, in units of white matter. No plaque enters CSF, and a periventricular or deep one no
        cortex; in grey matter, which is brighter, a plaque adds half, so that both reach about the same.
    """
    occupancy = np.zeros(anatomy.wm.shape, dtype=np.float32)
    added = np.zeros_like(occupancy)
    for plaque in plaques:
        box, soft = _soft_ellipsoid(anatomy, plaque)
        soft *= _tissue_limit(anatomy, plaque.place, box)
        np.maximum(occupancy[box], soft, out=occupancy[box])
        white = anatomy.wm[box] + 0.5 * anatomy.gm[box]
        np.maximum(added[box], soft * white * np.float32(plaque.contrast), out=added[box])
    return occupancy, added


def _tissue_limit(anatomy: Anatomy, place: str, box: tuple[slice, ...]) -> FloatArray:
    """How much of a plaque a voxel can hold, 0 to 1: no CSF, and cortex only where plaques begin in it.

    The rim of the ventricles, half grey by partial volume in the template, counts as white.
    """
    limit: FloatArray = np.clip(1.5 - 2 * anatomy.csf[box], 0, 1)
    if place in ("periventricular", "deep"):
        white = anatomy.wm[box] + anatomy.gm[box] * (anatomy.ventricle_mm[box] < 3)
        limit *= np.clip(3 * white - 0.6, 0, 1)
    return limit


@lru_cache(maxsize=2)
def _candidates(anatomy: Anatomy) -> dict[str, NDArray[np.intp]]:
    """Voxel indices, ``(n, 3)``, where a plaque of each place may be centred."""
    x, y, z = (
        a.reshape(s) for a, s in zip(anatomy.axes_mm, [(-1, 1, 1), (1, -1, 1), (1, 1, -1)], strict=True)
    )
    wm, gm, wall = anatomy.wm, anatomy.gm, anatomy.ventricle_mm
    white = (wm > 0.8) & (z > -16)
    lateral = (np.abs(x) > 11) | ((np.round(y + 3 * z) % 6) < 1)  # of the callosal wall only a sixth
    brain_stem = (np.abs(x) < 15) & (y > -42) & (y < -10) & (z < -14) & (wm > 0.45)
    cerebellum = (y < -42) & (np.abs(x) > 8) & (z < -24) & (wm > 0.75)
    masks = {
        "periventricular": white & (wall > 0) & (wall <= 2.5) & lateral,
        "juxtacortical": (wm > 0.5) & (gm > 0.2) & (wm < 0.85) & (wall > 14) & (z > -16) & (np.abs(x) > 6),
        "deep": white & (wall > 7) & (wm > 0.97),
        "infratentorial": brain_stem | cerebellum,
    }
    return {place: np.argwhere(mask) for place, mask in masks.items()}


def _draw(
    place: str, anatomy: Anatomy, sites: NDArray[np.intp], rng: np.random.Generator, *, least_ml: float
) -> Plaque:
    """One plaque of a place, at a random candidate voxel."""
    voxel = sites[rng.integers(len(sites))]
    volume_ml = _volume_ml(place, rng, least_ml=least_ml)
    radius_mm = (volume_ml * 1000 * 3 / (4 * np.pi)) ** (1 / 3)
    elongation = rng.uniform(*_ELONGATION.get(place, (1.0, 1.5)))
    if volume_ml > 1.5:
        elongation = 1.2 + 0.2 * rng.random()  # the large ones spread along the wall instead
    ratio = rng.uniform(0.85, 1.18)
    width = elongation ** (-1 / 2)
    semi_axes = radius_mm * np.array([elongation, width * ratio, width / ratio])
    centre_mm = (voxel + rng.uniform(-0.5, 0.5, 3)) * anatomy.step_mm + np.asarray(anatomy.origin_mm)
    direction = rng.standard_normal(3)
    if place == "periventricular":
        outward = _gradient(anatomy.ventricle_mm, voxel)
        direction = outward + 0.25 * direction
        centre_mm = centre_mm + outward * 0.65 * semi_axes[0]
    return Plaque(
        place=place,
        centre_mm=centre_mm,
        semi_axes_mm=semi_axes,
        frame=_frame(direction, rng),
        wave_vectors=rng.normal(scale=2.2, size=(_WAVES, 3)),
        wave_phases=rng.uniform(0, 2 * np.pi, _WAVES),
        contrast=float(max(rng.normal(_CONTRAST, _CONTRAST_SD), _LEAST_CONTRAST)),
    )


def _volume_ml(place: str, rng: np.random.Generator, *, least_ml: float) -> float:
    """A volume from the log-normal law of its place, between a least one and the place's largest."""
    while True:
        volume_ml = float(rng.lognormal(np.log(_SCALE_ML[place]), _VOLUME_LOG_SD))
        if least_ml <= volume_ml <= _LARGEST_ML[place]:
            return volume_ml


def _soft_ellipsoid(anatomy: Anatomy, plaque: Plaque) -> tuple[tuple[slice, ...], FloatArray]:
    """The box around a plaque and its share of each voxel there, before anatomy limits it."""
    reach = 1.4 * plaque.semi_axes_mm.max() + _EDGE_MM
    low, high = (anatomy.nearest_voxel(plaque.centre_mm + side * reach) for side in (-1, 1))
    box = tuple(slice(max(a, 0), min(b + 1, n)) for a, b, n in zip(low, high, anatomy.wm.shape, strict=True))
    offsets = np.stack(
        np.meshgrid(
            *(axis[part] - c for axis, part, c in zip(anatomy.axes_mm, box, plaque.centre_mm, strict=True)),
            indexing="ij",
        ),
        axis=-1,
    )
    scaled = (offsets @ plaque.frame.T) / plaque.semi_axes_mm
    waves = np.sin(scaled @ plaque.wave_vectors.T + plaque.wave_phases).sum(axis=-1) / np.sqrt(_WAVES)
    radius = np.linalg.norm(scaled, axis=-1) * (1 + 0.16 * waves)
    inside_mm = (1 - radius) * np.cbrt(np.prod(plaque.semi_axes_mm))
    return box, np.clip(0.5 + inside_mm / _EDGE_MM, 0, 1).astype(np.float32)


def _gradient(distance_mm: FloatArray, voxel: NDArray[np.intp]) -> Vector:
    """Unit direction away from what a distance map measures, averaged over the neighbourhood of a voxel."""
    part = distance_mm[tuple(slice(v - 2, v + 3) for v in voxel)].astype(np.float64)
    steps = np.array([g.mean() for g in np.gradient(part)])
    return steps / max(float(np.linalg.norm(steps)), 1e-6)


def _frame(direction: Vector, rng: np.random.Generator) -> Vector:
    """A rotation whose first row is the direction; the others are random."""
    basis = np.stack([direction, rng.standard_normal(3), rng.standard_normal(3)], axis=1)
    columns, _ = np.linalg.qr(basis)
    return np.ascontiguousarray(columns.T)
