"""The lesions of one patient with MS or NMOSD: drawn alike, grown alike, only their places differ.

Their number, size, contrast and the irregularity of their edges are drawn without a look at the map. How a
lesion lies follows from where it lies: in the corticospinal tract it is long and runs with the tract, on the
lining of a ventricle it runs along the wall, a little further out away from it (Dawson's finger), elsewhere
at random.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.anatomy import Anatomy
from monai_mri.phantom.nmosd_masks import LARGEST_ML, SMALLEST_ML
from monai_mri.phantom.nmosd_places import (
    LINING_MM,
    PERIVENTRICULAR_MM,
    TRACT,
    TRACT_REACH_MM,
    PlaceMap,
    along_line,
    inner_mm,
)
from monai_mri.phantom.plaques import Plaque, _frame, _gradient, _soft_ellipsoid, _tissue_limit

FloatArray = NDArray[np.float32]
Vector = NDArray[np.float64]

_COUNT_MEDIAN, _COUNT_LOG_SD, _COUNT_RANGE = 18.0, 0.6, (4, 60)
_SCALE_ML, _VOLUME_LOG_SD, _FIRST_ML = 0.03, 1.6, 0.6
_CONTRAST, _CONTRAST_SD, _LEAST_CONTRAST = 0.50, 0.08, 0.30
_ELONGATION, _TRACT_ELONGATION = (1.1, 1.9), 1.5
_WAVES = 7
_LARGEST_GROWTH = 1.8
_LOWEST_MM = -69.0


@dataclass(frozen=True, eq=False)
class Maps:
    """Where lesions may lie and how large they are.

    Attributes:
        ms: places of MS lesions.
        nmosd: places of lesions typical of NMOSD.
        volumes_ml: volumes to draw from, rising; None for a log-normal law.
    """

    ms: PlaceMap
    nmosd: PlaceMap
    volumes_ml: Vector | None = None


@dataclass(frozen=True, eq=False)
class Lesion:
    """One lesion.

    Attributes:
        shape: its ellipsoid, edge and contrast, in MNI space.
        volume_ml: the volume that it grows to where tissue gives it room.
        typical: its place was drawn from the NMOSD map.
    """

    shape: Plaque
    volume_ml: float
    typical: bool


def draw_lesions(anatomy: Anatomy, maps: Maps, rng: np.random.Generator, *, typical: float) -> list[Lesion]:
    """The lesions of one patient, 4 to 60.

    Args:
        anatomy: the template.
        maps: the places.
        rng: source of randomness; the share of typical lesions does not change what is drawn.
        typical: probability of each lesion to be placed by the NMOSD map, 0 to 1.
    """
    low, high = _COUNT_RANGE
    count = int(np.clip(np.rint(rng.lognormal(np.log(_COUNT_MEDIAN), _COUNT_LOG_SD)), low, high))
    lesions = []
    for number in range(count):
        chosen, place, size = rng.random(3)
        volume_ml = _volume_ml(size, maps.volumes_ml)
        if number == 0:
            volume_ml = max(volume_ml, _FIRST_ML)  # even large voxels show something of every patient
        is_typical = bool(chosen < typical)
        flat = (maps.nmosd if is_typical else maps.ms).at(place)
        lesions.append(Lesion(_shape(anatomy, flat, volume_ml, rng), volume_ml, is_typical))
    return lesions


def grow_lesions(anatomy: Anatomy, lesions: list[Lesion]) -> tuple[FloatArray, FloatArray]:
    """Occupancy and signal of lesions on the anatomy's grid.

    A lesion keeps out of fluid and of the lesions before it, and grows into what is free until it has its
    volume, to at most 1.8 times its length. So a wall on one side does not make it smaller.

    Returns:
        Share of each voxel that is lesion, 0 to 1, and the signal that lesions add, in units of white
        matter; in grey matter, which is brighter, half as much.
    """
    occupancy = np.zeros(anatomy.wm.shape, dtype=np.float32)
    added = np.zeros_like(occupancy)
    for lesion in lesions:
        box, soft = _grown(anatomy, lesion, occupancy)
        occupancy[box] += soft
        white = anatomy.wm[box] + 0.5 * anatomy.gm[box]
        added[box] += soft * white * np.float32(lesion.shape.contrast)
    return occupancy, added


def _grown(anatomy: Anatomy, lesion: Lesion, occupancy: FloatArray) -> tuple[tuple[slice, ...], FloatArray]:
    """The box around a lesion and its share of each voxel there."""
    scale = 1.0
    for _ in range(4):
        shape = replace(lesion.shape, semi_axes_mm=lesion.shape.semi_axes_mm * scale)
        box, soft = _soft_ellipsoid(anatomy, shape)
        soft *= _tissue_limit(anatomy, shape.place, box)
        soft *= anatomy.axes_mm[2][box[2]] > _LOWEST_MM
        np.minimum(soft, 1 - occupancy[box], out=soft)
        volume_ml = float(soft.sum(dtype=np.float64)) * anatomy.step_mm**3 / 1000
        ratio = lesion.volume_ml / max(volume_ml, 1e-4)
        if 0.93 < ratio < 1.07 or (ratio > 1 and scale == _LARGEST_GROWTH):
            break
        scale = float(np.clip(scale * ratio ** (1 / 3), 0.7, _LARGEST_GROWTH))
    return box, soft


def _shape(anatomy: Anatomy, flat: int, volume_ml: float, rng: np.random.Generator) -> Plaque:
    """The shape of a lesion of a volume at a voxel; draws as many numbers wherever that lies."""
    voxel = np.array(np.unravel_index(flat, anatomy.wm.shape))
    jitter, stretch, ratio = rng.uniform(-0.5, 0.5, 3), rng.uniform(*_ELONGATION), rng.uniform(0.85, 1.18)
    centre_mm = (voxel + jitter) * anatomy.step_mm + np.asarray(anatomy.origin_mm)
    direction, in_tract = _direction(anatomy, voxel, centre_mm, rng.standard_normal(3))
    stretch *= _TRACT_ELONGATION if in_tract else 1.0
    radius_mm, width = (volume_ml * 1000 * 3 / (4 * np.pi)) ** (1 / 3), stretch ** (-1 / 2)
    cortical = anatomy.wm[tuple(voxel)] < 0.6 or centre_mm[2] < -16
    return Plaque(
        place="juxtacortical" if cortical else "deep",  # which of the two limits of `plaques` holds
        centre_mm=centre_mm,
        semi_axes_mm=radius_mm * np.array([stretch, width * ratio, width / ratio]),
        frame=_frame(direction, rng),
        wave_vectors=rng.normal(scale=2.2, size=(_WAVES, 3)),
        wave_phases=rng.uniform(0, 2 * np.pi, _WAVES),
        contrast=float(max(rng.normal(_CONTRAST, _CONTRAST_SD), _LEAST_CONTRAST)),
    )


def _direction(
    anatomy: Anatomy, voxel: NDArray[np.intp], centre_mm: Vector, chance: Vector
) -> tuple[Vector, bool]:
    """Where a lesion's long axis points, and whether it lies in the corticospinal tract."""
    tract_mm, along = along_line(centre_mm, TRACT)
    if tract_mm <= TRACT_REACH_MM:
        return along + 0.15 * chance, True
    wall_mm = float(inner_mm(anatomy)[tuple(voxel)])
    if wall_mm > PERIVENTRICULAR_MM[1]:
        return chance, False
    outward = _gradient(inner_mm(anatomy), voxel)
    if wall_mm <= LINING_MM:
        return chance - 0.9 * (chance @ outward) * outward, False
    return outward + 0.25 * chance, False


def _volume_ml(quantile: float, volumes_ml: Vector | None) -> float:
    """The volume at a quantile of the real ones, or of a log-normal law cut at both ends."""
    from scipy.special import ndtr, ndtri

    if volumes_ml is not None:
        return float(np.quantile(volumes_ml, quantile))
    low, high = (ndtr(np.log(end / _SCALE_ML) / _VOLUME_LOG_SD) for end in (SMALLEST_ML, LARGEST_ML))
    return float(_SCALE_ML * np.exp(_VOLUME_LOG_SD * ndtri(low + quantile * (high - low))))
