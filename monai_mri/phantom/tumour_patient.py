"""One synthetic patient of the brain tumour study: slices in three channels, and the glioma's mask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.anatomy import Anatomy, load_anatomy
from monai_mri.phantom.deform import Deformation
from monai_mri.phantom.distractors import bright_fluid, head_around_brain
from monai_mri.phantom.fields import SmoothField
from monai_mri.phantom.grid import Grid
from monai_mri.phantom.output import stream
from monai_mri.phantom.tumour_glioma import Glioma, draw_glioma, sampled, share
from monai_mri.phantom.tumour_scanner import INSTITUTIONS, Institution, scan_slices
from monai_mri.phantom.tumour_vessels import draw_enhancement

FloatArray = NDArray[np.float32]
Signals = dict[str, FloatArray]
Window = tuple[slice, slice]

STUDY = 3
FIELD_MM, COVERED_MM = 240.0, 118.0
HEIGHTS_MM = (-46.0, 72.0)

_SHAPE, _TISSUE, _GLIOMA, _NOISE = range(4)
_THICKEST_MM = 5.0
_COARSE_MM = 2
_HEAD_MM, _HEAD_STEP_MM = 19.0, 6.0


@dataclass(frozen=True)
class Patient:
    """One synthetic patient.

    Attributes:
        image: intensities, uint8, ``(slices, rows, columns, 3)``; the lowest slice first, rows from front to
            back, columns from the patient's right to the left; channels as in `CHANNELS`.
        mask: True where at least half of a voxel is glioma, ``(slices, rows, columns)``.
        site: name of the institution.
        glioma: the glioma, None for a patient without.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    site: str
    glioma: Glioma | None


def scan_grid(*, slices: int, image_size: int) -> Grid:
    """Voxels over 240 x 240 x 118 mm around the centre of the MNI head, from the temporal poles to the top.

    >>> [round(float(length), 2) for length in scan_grid(slices=24, image_size=256).voxel_size_mm]
    [0.94, 0.94, 4.92]
    """
    pixel_mm = FIELD_MM / image_size
    return Grid((image_size, image_size, slices), (pixel_mm, pixel_mm, COVERED_MM / slices))


def make_patient(index: int, *, seed: int, effect: float, grid: Grid, tumour: bool) -> Patient:
    """The patient of an index, whatever the size of the cohort.

    Shape, tissue, glioma and noise come from four independent streams of ``(seed, index)``, so that neither
    the effect nor the glioma moves anything else.
    """
    streams = [stream(seed, STUDY, index, part) for part in (_SHAPE, _TISSUE, _GLIOMA, _NOISE)]
    shape, tissue, lesion, noise = streams
    institution = INSTITUTIONS[index % len(INSTITUTIONS)]
    deformation = Deformation(shape, origin_mm=grid.corner_mm, extent_mm=grid.extent_mm)
    window = _window(deformation, grid)
    points_mm = deformation.template_points_mm(_fine_axes_mm(grid, window))
    anatomy = load_anatomy(step_mm=_COARSE_MM if min(grid.voxel_size_mm) >= _COARSE_MM else 1)
    tissues = _tissues(points_mm, anatomy)
    signals = _healthy(points_mm, tissues, anatomy, institution, tissue)
    mask = np.zeros(grid.shape, dtype=bool)
    glioma = None
    if tumour:
        glioma = draw_glioma(load_anatomy(step_mm=_COARSE_MM), lesion, heights_mm=HEIGHTS_MM)
        mask[window] = _add_glioma(signals, glioma, points_mm, tissues, effect)
    framed = {name: _framed(_slices_of(values), window, grid) for name, values in signals.items()}
    _add_texture(framed, grid, tissue)
    image = scan_slices(framed, grid.axes_mm, institution=institution, rng=noise)
    return Patient(_as_pictures(image), _as_pictures(mask), institution.name, glioma)


def _window(deformation: Deformation, grid: Grid) -> Window:
    """Columns and rows that hold the head; the air around it, half of a picture, costs nothing then."""
    thin = max(1, round(_HEAD_STEP_MM / grid.voxel_size_mm[0]))
    x, y, z = grid.axes_mm
    coarse = load_anatomy(step_mm=_COARSE_MM)
    points_mm = deformation.template_points_mm((x[::thin], y[::thin], z))
    head = _at(coarse.head_mm, points_mm, coarse) < _HEAD_MM
    columns, rows = (np.flatnonzero(head.any(axis=others)) * thin for others in ((1, 2), (0, 2)))
    across, along = (
        slice(max(int(found[0]) - thin, 0), min(int(found[-1]) + thin + 1, n))
        for found, n in zip((columns, rows), grid.shape[:2], strict=True)
    )
    return across, along


def _fine_axes_mm(grid: Grid, window: Window) -> list[NDArray[np.float64]]:
    """The grid's axes within a window; of a slice, which is at most 5 mm thick, two planes."""
    x, y, z = grid.axes_mm
    quarter_mm = min(grid.voxel_size_mm[2], _THICKEST_MM) / 4
    planes = (z[:, None] + np.array([-quarter_mm, quarter_mm])).ravel()
    return [x[window[0]], y[window[1]], planes]


def _framed(values: FloatArray, window: Window, grid: Grid) -> FloatArray:
    """A window's values on the whole grid, 0 around it."""
    whole = np.zeros(grid.shape, dtype=np.float32)
    whole[window] = values
    return whole


def _slices_of(values: NDArray[Any]) -> FloatArray:
    """Means over the two planes of each slice."""
    means: FloatArray = (values[..., ::2] + values[..., 1::2]) * np.float32(0.5)
    return means


def _as_pictures(voxels: NDArray[Any]) -> NDArray[Any]:
    """Axes R, A, S to slices, rows and columns as radiologists look at them."""
    return np.ascontiguousarray(np.moveaxis(voxels[::-1, ::-1], (2, 1, 0), (0, 1, 2)))


def _at(values: FloatArray, points_mm: FloatArray, anatomy: Anatomy) -> FloatArray:
    """Values of an anatomy's grid at MNI points, linearly interpolated; the edge repeats outside."""
    from scipy import ndimage

    found: FloatArray = ndimage.map_coordinates(
        values, _indices(points_mm, anatomy), order=1, mode="nearest", output=np.float32
    )
    return found


def _indices(points_mm: FloatArray, anatomy: Anatomy) -> FloatArray:
    """Where MNI points, ``(3, …)``, lie on an anatomy's grid."""
    origin_mm = np.asarray(anatomy.origin_mm, dtype=np.float32)
    return (points_mm - origin_mm.reshape(3, *(1,) * (points_mm.ndim - 1))) / np.float32(anatomy.step_mm)


def _tissues(points_mm: FloatArray, anatomy: Anatomy) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Shares of white matter, grey matter and fluid."""
    wm, gm, csf = (_at(values, points_mm, anatomy) for values in (anatomy.wm, anatomy.gm, anatomy.csf))
    return wm, gm, csf


def _healthy(
    points_mm: FloatArray,
    tissues: tuple[FloatArray, FloatArray, FloatArray],
    anatomy: Anatomy,
    institution: Institution,
    rng: np.random.Generator,
) -> Signals:
    """Noise-free signals of a head without a glioma."""
    wm, gm, csf = tissues
    coarse = load_anatomy(step_mm=_COARSE_MM)
    extra = head_around_brain(anatomy, rng) + bright_fluid(anatomy, rng) * anatomy.csf
    extra += np.float32(rng.uniform(0.10, 0.45)) * _caps(anatomy)
    extra = _at(extra, points_mm, anatomy)
    # In one plane of the two alone: it spares a tenth of the time, and vessels are thin in any case.
    vessels = np.repeat(_at(draw_enhancement(coarse, rng), points_mm[..., ::2], coarse), 2, axis=-1)
    spread = rng.uniform(0.97, 1.03, size=4)
    inside = np.clip(wm + gm + csf, 0, 1)
    around = extra * (1 - inside)
    fat = np.float32(1.45) * around / (1 + np.float32(0.12) * around**2)
    pre = (
        wm + np.float32(institution.t1_gm * spread[0]) * gm + np.float32(institution.t1_csf * spread[1]) * csf
    )
    pre += fat
    flair = (
        wm
        + np.float32(institution.flair_gm * spread[2]) * gm
        + np.float32(institution.flair_csf * spread[3]) * csf
        + extra * inside
        + np.float32(institution.flair_fat) * around
    )
    post = pre + vessels + np.float32(1.1) * extra * csf
    return {"pre": pre, "flair": flair, "post": post}


@lru_cache(maxsize=2)
def _caps(anatomy: Anatomy) -> FloatArray:
    """Tissue at the walls of the lateral ventricles, most of all before and behind them: bright on FLAIR."""
    _, y, z = np.meshgrid(*anatomy.axes_mm, indexing="ij", sparse=True)
    ends = np.exp(-(((y - 30) / 9) ** 2)) + np.exp(-(((y + 58) / 12) ** 2))
    wall = np.exp(-anatomy.ventricle_mm / np.float32(2.5)) * (anatomy.wm + anatomy.gm)
    caps: FloatArray = (wall * (0.45 + ends * (z > -4))).astype(np.float32)
    return caps


def _add_glioma(
    signals: Signals,
    glioma: Glioma,
    points_mm: FloatArray,
    tissues: tuple[FloatArray, FloatArray, FloatArray],
    effect: float,
) -> NDArray[np.bool_]:
    """Blend a glioma into the signals, in place; returns its mask, one value a voxel of a slice."""
    near = _near(glioma, points_mm)
    indices = _indices(points_mm[(slice(None), *near)], load_anatomy(step_mm=_COARSE_MM))
    wm, gm, csf = (values[near] for values in tissues)
    occupied = share(sampled(glioma, "depth_mm", indices), wm + gm, csf)
    core, uptake, grain = (sampled(glioma, name, indices) for name in ("core", "uptake", "grain"))
    ragged = 1 + np.float32(0.07) * grain
    flair, t1 = ((oedema + (middle - oedema) * core) * ragged for oedema, middle in (glioma.flair, glioma.t1))
    looks = {"pre": t1, "flair": flair, "post": t1 + np.float32(glioma.enhancement) * uptake}
    for name, look in looks.items():
        healthy = signals[name][near]
        signals[name][near] = np.maximum(healthy + np.float32(effect) * occupied * (look - healthy), 0)
    whole = np.zeros(points_mm.shape[1:], dtype=np.float32)
    whole[near] = occupied
    mask: NDArray[np.bool_] = _slices_of(whole) >= 0.5
    return mask


def _near(glioma: Glioma, points_mm: FloatArray) -> tuple[slice, ...]:
    """The smallest part of the patient's grid that holds the glioma, found on every fourth point."""
    thin = 4
    depth = sampled(
        glioma, "depth_mm", _indices(points_mm[:, ::thin, ::thin], load_anatomy(step_mm=_COARSE_MM))
    )
    found = np.argwhere(depth > -3 * thin)
    if not len(found):
        return (slice(0, 0),) * 3
    steps = np.array([thin, thin, 2])
    low = np.maximum(found.min(axis=0) * (thin, thin, 1) - steps, 0)
    high = np.minimum(found.max(axis=0) * (thin, thin, 1) + steps + 1, points_mm.shape[1:])
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def _add_texture(signals: Signals, grid: Grid, rng: np.random.Generator) -> None:
    """Unevenness of tissue, 3 % at 6 mm, the same in all channels, in place."""
    field = SmoothField(rng, origin_mm=grid.corner_mm, extent_mm=grid.extent_mm, sigma_mm=6.0)
    factor = 1 + np.float32(0.03) * field.on_grid(grid.axes_mm)
    for values in signals.values():
        values *= factor
