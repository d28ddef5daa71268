"""Lesions of the six classes that QSM shows: what each adds to FLAIR and to QSM, and the shape it has.

Classes and their counts are those of Šišić's Table 1; the patterns follow their names. Contrasts to white
matter, in ppm, are chosen so that a threshold on QSM is right for about nine in ten lesions, as published;
they are in the range of a few hundredths of a ppm that MS lesions show. A lesion's shape, size, FLAIR signal
and central vein are drawn without a look at its class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Vector = NDArray[np.float64]

PAPER_COUNTS: Mapping[str, int] = MappingProxyType(
    {"1": 3664, "2": 460, "3": 214, "4": 19, "5": 841, "6": 71}
)
"""Lesions of each class in the paper: unclassified, isointense, paramagnetic rim, hypointense rim,
hyperintense, hypointense."""

PATTERNS_PPM: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "2": (0.0, 0.0),
        "3": (0.018, 0.060),
        "4": (0.004, -0.050),
        "5": (0.036, 0.036),
        "6": (-0.030, -0.030),
    }
)
"""Susceptibility above white matter at effect 1, in ppm: the core, and the rim of 1.6 mm."""

SPREAD_PPM = 0.014
"""Standard deviation between lesions of one class, the same in every class and at every effect."""

_MEDIAN_ML, _VOLUME_LOG_SD, _VOLUME_RANGE_ML = 0.22, 0.75, (0.06, 3.0)
_LOBES = (0.45, 0.35, 0.20)
_RIM_MM, _EDGE_MM = 1.6, 1.4
_WAVES = 6
_VEIN_SHARE = 0.4


@dataclass(frozen=True)
class Lobe:
    """One of the ellipsoids whose union is a lesion.

    Attributes:
        centre_mm: from the lesion's centre.
        semi_axes_mm: its three semi-axes.
        frame: rotation, rows are the directions of the semi-axes.
        wave_vectors: ``(n, 3)`` radians a unit of scaled radius, the irregularity of its edge.
        wave_phases: ``(n,)`` radians.
    """

    centre_mm: Vector
    semi_axes_mm: Vector
    frame: Vector
    wave_vectors: Vector
    wave_phases: Vector

    @property
    def reach_mm(self) -> float:
        """How far from the lesion's centre the lobe can reach."""
        return float(np.linalg.norm(self.centre_mm) + 1.35 * self.semi_axes_mm.max())


@dataclass(frozen=True)
class Lesion:
    """One lesion around the origin; `Scene` puts it somewhere.

    Attributes:
        label: its class, "1" to "6".
        lobes: what its shape is made of.
        parts: the classes whose patterns it shows, one but for class 1, which shows two or three.
        directions: unit vectors, one a part: a voxel shows the part whose direction it lies in.
        flair: signal above white matter, in units of white matter.
        spread_ppm: its own deviation from its class, in ppm.
        vein: unit vector of a central vein, or None.
    """

    label: str
    lobes: tuple[Lobe, ...]
    parts: tuple[str, ...]
    directions: Vector
    flair: float
    spread_ppm: float
    vein: Vector | None

    @property
    def reach_mm(self) -> float:
        """Radius of a ball around the centre that holds the lesion."""
        return max(lobe.reach_mm for lobe in self.lobes) + _EDGE_MM


def draw_lesion(
    label: str, *, shapes: np.random.Generator, kinds: np.random.Generator, flair: float
) -> Lesion:
    """A lesion of a class.

    Args:
        label: its class, "1" to "6".
        shapes: randomness of what does not depend on the class.
        kinds: randomness of what does.
        flair: the patient's mean signal of lesions above white matter.
    """
    count = int(shapes.choice(len(_LOBES), p=_LOBES)) + 1
    volume_ml = _volume_ml(shapes)
    shares = shapes.dirichlet(np.full(count, 6.0))
    lobes: list[Lobe] = []
    for share in shares:
        lobes.append(_draw_lobe(volume_ml * share * (1 + 0.15 * (count - 1)), lobes, shapes))
    vein = _direction(shapes)
    parts: tuple[str, ...] = (label,)
    if label not in PATTERNS_PPM:
        parts = tuple(str(part) for part in kinds.permutation(sorted(PATTERNS_PPM))[: kinds.integers(2, 4)])
    return Lesion(
        label=label,
        lobes=tuple(lobes),
        parts=parts,
        directions=np.stack([_direction(kinds) for _ in parts]),
        flair=float(max(shapes.normal(flair, 0.05), 0.25)),
        spread_ppm=float(shapes.normal(0, SPREAD_PPM)),
        vein=vein if shapes.random() < _VEIN_SHARE else None,
    )


def depth_mm(lesion: Lesion, offsets_mm: FloatArray) -> FloatArray:
    """About how deep points lie in a lesion, negative outside; ``(…, 3)`` from its centre to ``(…)``."""
    depths = []
    for lobe in lesion.lobes:
        scaled = ((offsets_mm - lobe.centre_mm) @ lobe.frame.T) / lobe.semi_axes_mm
        waves = np.sin(scaled @ lobe.wave_vectors.T + lobe.wave_phases).sum(axis=-1) / np.sqrt(_WAVES)
        radius = np.linalg.norm(scaled, axis=-1) * (1 + 0.12 * waves)
        depths.append((1 - radius) * np.cbrt(np.prod(lobe.semi_axes_mm)))
    deepest: FloatArray = np.maximum.reduce(depths).astype(np.float32)
    return deepest


def occupancy(depth: FloatArray) -> FloatArray:
    """Share of a voxel that is lesion, 0 to 1, by its depth in mm."""
    share: FloatArray = np.clip(0.5 + depth / np.float32(_EDGE_MM), 0, 1)
    return share


def susceptibility_ppm(
    lesion: Lesion, offsets_mm: FloatArray, depth: FloatArray, *, effect: float
) -> FloatArray:
    """What a lesion adds to the QSM of white matter, before its share of the voxel is taken.

    Args:
        lesion: the lesion.
        offsets_mm: points from its centre, ``(…, 3)``.
        depth: their depth in mm, ``(…)``.
        effect: scales what depends on the class; at 0 nothing does.
    """
    part = np.argmax(offsets_mm @ lesion.directions.T, axis=-1)
    core, rim = np.array([PATTERNS_PPM[name] for name in lesion.parts]).T
    weight = np.clip((_RIM_MM + 0.4 - depth) / 0.8, 0, 1)
    pattern = core[part] + (rim - core)[part] * weight
    added: FloatArray = (effect * pattern + lesion.spread_ppm).astype(np.float32)
    return added


def _volume_ml(rng: np.random.Generator) -> float:
    least, most = _VOLUME_RANGE_ML
    while True:
        volume_ml = float(rng.lognormal(np.log(_MEDIAN_ML), _VOLUME_LOG_SD))
        if least <= volume_ml <= most:
            return volume_ml


def _draw_lobe(volume_ml: float, before: list[Lobe], rng: np.random.Generator) -> Lobe:
    """An ellipsoid; one after the first begins at the edge of the one before it."""
    radius_mm = (volume_ml * 1000 * 3 / (4 * np.pi)) ** (1 / 3)
    elongation, ratio = rng.uniform(1.0, 1.7), rng.uniform(0.85, 1.18)
    width = elongation ** (-1 / 2)
    frame = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    centre_mm = np.zeros(3)
    if before:
        radius_before = float(np.cbrt(np.prod(before[-1].semi_axes_mm)))
        centre_mm = before[-1].centre_mm + _direction(rng) * 0.65 * (radius_before + radius_mm)
    return Lobe(
        centre_mm=centre_mm,
        semi_axes_mm=radius_mm * np.array([elongation, width * ratio, width / ratio]),
        frame=frame,
        wave_vectors=rng.normal(scale=2.2, size=(_WAVES, 3)),
        wave_phases=rng.uniform(0, 2 * np.pi, _WAVES),
    )


def _direction(rng: np.random.Generator) -> Vector:
    vector = rng.standard_normal(3)
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
