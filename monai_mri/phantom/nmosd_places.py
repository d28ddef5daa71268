"""Where lesions of MS and of NMOSD lie: two densities over MNI space, and how tissue runs there.

MS: white matter around the lateral ventricles (0.42), at the cortex (0.26), deep (0.26), a little below the
tentorium (0.06). NMOSD, as Kim et al., Neurology 2015 and Wingerchuk et al., Neurology 2015 describe it: the
linings of the lateral ventricles with the callosum above them (0.24), of the third ventricle with the
hypothalamus (0.22), of the aqueduct and the fourth ventricle (0.20), the area postrema and the back of the
medulla (0.14), chiasm and optic tracts (0.08), and the corticospinal tract (0.12). Lines through these places
were read off the MNI152 template; the shares are a choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.anatomy import Anatomy
from monai_mri.phantom.plaques import _candidates

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
Line = tuple[tuple[float, float, float], ...]

MS_SHARES = {"periventricular": 0.42, "juxtacortical": 0.26, "deep": 0.26, "infratentorial": 0.06}
NMOSD_SHARES = {
    "lateral_ventricles": 0.24,
    "third_ventricle": 0.22,
    "fourth_ventricle": 0.20,
    "area_postrema": 0.14,
    "optic": 0.08,
    "corticospinal": 0.12,
}
LINING_MM = 2.5
PERIVENTRICULAR_MM = (2.0, 8.0)

# Lines in MNI mm, of the right side where they are paired
_AQUEDUCT: Line = ((0, -28, -4), (0, -34, -12), (0, -37, -19))
_FOURTH: Line = ((0, -38, -22), (0, -43, -30), (0, -43, -40), (0, -46, -46))
_POSTREMA: Line = ((1, -44, -50), (2, -46, -55), (2, -47, -61))
_HYPOTHALAMUS: Line = ((4, 0, -8), (4, -8, -10))
_OPTIC: Line = ((3, 3, -17), (8, -2, -16), (13, -10, -14), (18, -20, -10), (23, -25, -6))
TRACT: Line = (
    (25, -22, 55),
    (23, -21, 38),
    (22, -19, 20),
    (20, -17, 6),
    (14, -16, -14),
    (7, -21, -30),
    (5, -28, -44),
    (4, -34, -58),
)
TRACT_REACH_MM = 4.0


@dataclass(frozen=True, eq=False)
class PlaceMap:
    """A density of lesions' centres over an anatomy's grid.

    Attributes:
        voxels: flat indices of the voxels with a density above 0, rising.
        cumulative: cumulative probability up to each of them; the last is 1.
    """

    voxels: NDArray[np.intp]
    cumulative: NDArray[np.float64]

    @classmethod
    def of(cls, density: NDArray[Any]) -> PlaceMap:
        """The map of a density in any unit, at least 0 and somewhere above it."""
        flat = density.ravel()
        voxels = np.flatnonzero(flat > 0)
        cumulative = np.cumsum(flat[voxels], dtype=np.float64)
        return cls(voxels, cumulative / cumulative[-1])

    def at(self, quantile: float) -> int:
        """Flat index of the voxel at a quantile, 0 to 1."""
        place = int(np.searchsorted(self.cumulative, quantile, side="right"))
        return int(self.voxels[min(place, len(self.voxels) - 1)])

    def density(self, shape: Sequence[int]) -> FloatArray:
        """Probability of each voxel of a grid of the shape; they sum to 1."""
        values = np.zeros(int(np.prod(shape)), dtype=np.float32)
        values[self.voxels] = np.diff(self.cumulative, prepend=0)
        return values.reshape(tuple(shape))


@lru_cache(maxsize=2)
def ms_map(anatomy: Anatomy) -> PlaceMap:
    """Centres of MS lesions, from anatomy alone."""
    near, far = PERIVENTRICULAR_MM
    wall, z = anatomy.ventricle_mm, anatomy.axes_mm[2]
    places = {}
    for name, voxels in _candidates(anatomy).items():
        places[name] = np.zeros(wall.shape, dtype=bool)
        places[name][tuple(voxels.T)] = True
    places["periventricular"] = (anatomy.wm > 0.6) & (wall > near) & (wall <= far) & (z > -16)
    return _mixed(places, MS_SHARES, anatomy)


@lru_cache(maxsize=2)
def nmosd_map(anatomy: Anatomy) -> PlaceMap:
    """Centres of the lesions that NMOSD has and MS has rarely."""
    wall, inner, z = anatomy.ventricle_mm, inner_mm(anatomy), anatomy.axes_mm[2]
    lining = (inner > 0) & (inner <= LINING_MM)
    third = _distance_mm(anatomy, _third_ventricle(anatomy))
    places = {
        "lateral_ventricles": (wall > 0) & (wall <= LINING_MM) & (z > -4),
        "third_ventricle": (lining & (third <= LINING_MM)) | _tube(anatomy, _HYPOTHALAMUS, 4.0),
        "fourth_ventricle": (lining & _tube(anatomy, _FOURTH, 11.0)) | _tube(anatomy, _AQUEDUCT, 4.0),
        "area_postrema": _tube(anatomy, _POSTREMA, 4.0),
        "optic": _tube(anatomy, _OPTIC, 3.0),
        "corticospinal": _tube(anatomy, TRACT, TRACT_REACH_MM),
    }
    return _mixed(places, NMOSD_SHARES, anatomy)


@lru_cache(maxsize=2)
def inner_mm(anatomy: Anatomy) -> FloatArray:
    """Distance to the lateral, third and fourth ventricles and the aqueduct in mm, 0 inside."""
    fluid = anatomy.csf > 0.5
    fourth = fluid & _box(anatomy, (-9, 9), (-53, -34), (-48, -18)) & _tube(anatomy, _FOURTH, 9.0)
    aqueduct = fluid & _tube(anatomy, _AQUEDUCT, 3.0)
    return _distance_mm(anatomy, anatomy.ventricles | _third_ventricle(anatomy) | fourth | aqueduct)


def tissue(anatomy: Anatomy) -> BoolArray:
    """Where a lesion may be centred: brain, and not much fluid."""
    found: BoolArray = (anatomy.csf < 0.4) & (anatomy.skull_mm <= 0) & (anatomy.axes_mm[2] > -63)
    return found


def along_line(point_mm: NDArray[np.float64], line: Line) -> tuple[float, NDArray[np.float64]]:
    """Distance of one point to a paired line in mm, and the direction of the line there."""
    mirror = np.array([1.0 if point_mm[0] >= 0 else -1.0, 1.0, 1.0])
    nearest, found = np.inf, np.zeros(3)
    for start, end in pairwise(np.asarray(line, dtype=np.float64) * mirror):
        piece = end - start
        share = np.clip((point_mm - start) @ piece / (piece @ piece), 0, 1)
        distance = float(np.linalg.norm(point_mm - start - share * piece))
        if distance < nearest:
            nearest, found = distance, piece / np.linalg.norm(piece)
    return nearest, found


def _mixed(places: dict[str, BoolArray], shares: dict[str, float], anatomy: Anatomy) -> PlaceMap:
    """Places, each even within itself, mixed by their shares."""
    allowed = tissue(anatomy)
    density = np.zeros(allowed.shape, dtype=np.float64)
    for name, share in shares.items():
        place = places[name] & allowed
        density += share * place / max(int(place.sum()), 1)
    return PlaceMap.of(density)


def _third_ventricle(anatomy: Anatomy) -> BoolArray:
    return (anatomy.csf > 0.5) & _box(anatomy, (-5, 5), (-27, 2), (-13, 13))


def _box(anatomy: Anatomy, *limits: tuple[float, float]) -> BoolArray:
    """Voxels within limits in mm along x, y and z."""
    x, y, z = ((axis > a) & (axis < b) for axis, (a, b) in zip(anatomy.axes_mm, limits, strict=True))
    box: BoolArray = x[:, None, None] & y[:, None] & z
    return box


def _tube(anatomy: Anatomy, line: Line, radius_mm: float) -> BoolArray:
    """Voxels within a radius of a line or of its mirror image."""
    tube = np.zeros(anatomy.wm.shape, dtype=bool)
    for side in (-1, 1):
        for start, end in pairwise(
            np.asarray(line, dtype=np.float32) * np.array([side, 1, 1], dtype=np.float32)
        ):
            low, high = np.minimum(start, end) - radius_mm, np.maximum(start, end) + radius_mm
            box = tuple(
                slice(*np.searchsorted(axis, (a, b)))
                for axis, a, b in zip(anatomy.axes_mm, low, high, strict=True)
            )
            axes = [axis[part] for axis, part in zip(anatomy.axes_mm, box, strict=True)]
            points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1) - start
            piece = end - start
            share = np.clip(points @ piece / (piece @ piece), 0, 1)
            tube[box] |= np.linalg.norm(points - share[..., None] * piece, axis=-1) <= radius_mm
    return tube


def _distance_mm(anatomy: Anatomy, mask: BoolArray) -> FloatArray:
    """Distance of every voxel to a mask in mm, 0 inside."""
    import edt

    distances: FloatArray = edt.edt(~mask, black_border=False, parallel=1) * np.float32(anatomy.step_mm)
    return distances
