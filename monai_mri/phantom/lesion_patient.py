"""One synthetic patient with MS lesions: FLAIR and QSM of any box of voxels, and where the lesions lie.

All boxes are cut from one lattice of voxels, with the same noise at the same voxel: patches that overlap
share what they show, as patches of one scan do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.fields import SmoothField
from monai_mri.phantom.grid import Grid
from monai_mri.phantom.lesion_head import FloatArray, Head, Index
from monai_mri.phantom.lesion_kinds import (
    PATTERNS_PPM,
    Lesion,
    depth_mm,
    draw_lesion,
    occupancy,
    susceptibility_ppm,
)
from monai_mri.phantom.output import stream
from monai_mri.phantom.signal import SITES, Site
from monai_mri.phantom.veins import Vein, central_vein, draw_veins, paint_veins

STUDY = 2

_TILE = 64
_CONCENTRATION = 3.0
_COUNT_LOG_SD = 0.4
_TRIES = 60
_QSM = {"wm": -0.012, "gm": 0.012, "csf": 0.022, "deep": 0.085}
_PARTS = ("shape", "tissue", "classes", "lesions", "places", "noise")


@dataclass(frozen=True, eq=False)
class Footprint:
    """One lesion on the lattice.

    Attributes:
        lesion: the lesion.
        centre_mm: its centre, MNI mm.
        start: lattice index of the first voxel of its box; may be negative.
        share: how much of each voxel is lesion, 0 to 1.
        qsm: what it adds there to QSM, in ppm, times `share`.
    """

    lesion: Lesion
    centre_mm: NDArray[np.float64]
    start: Index
    share: FloatArray
    qsm: FloatArray

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Voxels that are lesion by at least a half."""
        inside: NDArray[np.bool_] = self.share >= 0.5
        return inside

    @property
    def middle(self) -> Index:
        """Lattice index of the voxel at the mask's centre of mass."""
        nearest: Index = np.rint((np.argwhere(self.mask) + self.start).mean(axis=0)).astype(np.intp)
        return nearest


@dataclass(frozen=True, eq=False)
class Box:
    """What a box of voxels shows: FLAIR in units of the file, QSM in ppm, the number of the lesion."""

    flair: FloatArray
    qsm: FloatArray
    lesions: NDArray[np.uint16]


class Patient:
    """The patient of an index, whatever the size of the cohort.

    Args:
        index: which patient.
        seed: the cohort's seed.
        effect: scales what QSM shows of the class.
        lesions: number of lesions to expect; patients differ.
        classes: share of each class; a patient's own shares scatter around them.
        grid: the lattice.
    """

    def __init__(
        self,
        index: int,
        *,
        seed: int,
        effect: float,
        lesions: float,
        classes: Mapping[str, float],
        grid: Grid,
    ) -> None:
        streams = {part: stream(seed, STUDY, index, number) for number, part in enumerate(_PARTS)}
        self.grid = grid
        self.site: Site = SITES[index % len(SITES)]
        self._head = Head(streams["shape"], grid=grid)
        self._draw_tissue(streams["tissue"])
        self._noise = _noise_tile(streams["noise"])
        self.veins: list[Vein] = draw_veins(self._head.anatomy, streams["tissue"])
        mean = np.log(lesions) - _COUNT_LOG_SD**2 / 2
        count = max(1, int(np.rint(streams["classes"].lognormal(mean, _COUNT_LOG_SD))))
        labels = _draw_labels(count, classes, streams["classes"])
        self.footprints = self._place(labels, streams, effect)
        self.veins += [
            central_vein(one.lesion.vein, one.centre_mm, one.lesion.reach_mm)
            for one in self.footprints
            if one.lesion.vein is not None
        ]

    def box(self, start: Sequence[int] | Index, shape: Sequence[int]) -> Box:
        """The voxels from a lattice index on; also outside the grid, where the head goes on."""
        axes_mm = self._head.axes_mm(np.asarray(start), shape)
        wm, gm, csf, deep = self._head.tissues(axes_mm)
        flair = wm + np.float32(self._gm) * gm + np.float32(self._csf) * csf
        flair += np.float32(0.03) * self._texture.on_grid(axes_mm) * flair
        qsm = sum(
            np.float32(_QSM[name]) * share for name, share in zip(_QSM, (wm, gm, csf, deep), strict=True)
        )
        qsm = qsm + np.float32(0.006) * self._fibres.on_grid(axes_mm) * wm
        qsm += np.float32(0.005) * self._residue.on_grid(axes_mm) + np.float32(self._offset_ppm)
        paint_veins(qsm, self.veins, axes_mm, within=wm + gm)
        numbers = np.zeros(qsm.shape, dtype=np.uint16)
        for number, one in enumerate(self.footprints, start=1):
            here, there = _overlap(one.start, one.share.shape, np.asarray(start), shape)
            if here is None or there is None:
                continue
            share = one.share[here]
            flair[there] += np.float32(one.lesion.flair) * share * (wm + 0.5 * gm)[there]
            qsm[there] += one.qsm[here]
            numbers[there][one.mask[here]] = number
        brain = (wm + gm + csf) > 0.5
        return Box(*self._scanned(flair, qsm, brain, np.asarray(start), axes_mm), numbers)

    def _draw_tissue(self, rng: np.random.Generator) -> None:
        """What makes a patient's images his: contrasts, noise, offset of QSM, texture."""
        self._gm, self._csf = self.site.gm * rng.uniform(0.97, 1.03), self.site.csf * rng.uniform(0.8, 1.2)
        self._gain = self.site.gain * rng.uniform(0.85, 1.15)
        self._flair_noise = self.site.noise * rng.uniform(0.6, 1.5)
        self._qsm_noise_ppm, self._offset_ppm = rng.uniform(0.005, 0.011), rng.normal(0, 0.010)
        self._lesion_flair = rng.normal(0.5, 0.07)
        box = {"origin_mm": self.grid.corner_mm, "extent_mm": self.grid.extent_mm}
        self._texture, self._fibres, self._residue, self._bias = (
            SmoothField(rng, **box, sigma_mm=sigma_mm) for sigma_mm in (6.0, 4.0, 16.0, 60.0)
        )

    def _place(
        self, labels: Sequence[str], streams: Mapping[str, np.random.Generator], effect: float
    ) -> list[Footprint]:
        """The lesions, each apart from the others; one that finds no place is left out."""
        placed: list[Footprint] = []
        for label in labels:
            lesion = draw_lesion(
                label, shapes=streams["lesions"], kinds=streams["classes"], flair=self._lesion_flair
            )
            found = self._footprint(lesion, placed, streams["places"], effect)
            if found is not None:
                placed.append(found)
        return placed

    def _footprint(
        self, lesion: Lesion, placed: Sequence[Footprint], rng: np.random.Generator, effect: float
    ) -> Footprint | None:
        gap_mm = 2 * max(self.grid.voxel_size_mm)
        for _ in range(_TRIES):
            centre_mm = self._head.draw_white_matter_mm(rng)
            if any(
                np.linalg.norm(centre_mm - one.centre_mm) < lesion.reach_mm + one.lesion.reach_mm + gap_mm
                for one in placed
            ):
                continue
            found = self._painted(lesion, centre_mm, effect)
            if found.mask.any():
                return found
        return None

    def _painted(self, lesion: Lesion, centre_mm: NDArray[np.float64], effect: float) -> Footprint:
        """A lesion on the lattice: outside of fluid, and in one piece."""
        from scipy import ndimage

        step = np.asarray(self.grid.voxel_size_mm)
        reach = lesion.reach_mm + step
        start = np.floor((centre_mm - reach - self.grid.corner_mm) / step).astype(np.intp)
        stop = np.ceil((centre_mm + reach - self.grid.corner_mm) / step).astype(np.intp)
        axes_mm = self._head.axes_mm(start, stop - start)
        offsets = np.stack(np.meshgrid(*axes_mm, indexing="ij"), axis=-1) - centre_mm.astype(np.float32)
        depth = depth_mm(lesion, offsets)
        wm, gm, csf, _ = self._head.tissues(axes_mm)
        share = occupancy(depth) * np.clip(1.5 - 2 * csf, 0, 1) * np.clip(4 * (wm + 0.4 * gm) - 1, 0, 1)
        pieces, count = ndimage.label(share >= 0.5, structure=np.ones((3, 3, 3)))
        if count > 1:
            largest = 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))
            share[(pieces > 0) & (pieces != largest)] = 0
        qsm = share * susceptibility_ppm(lesion, offsets, depth, effect=effect)
        return Footprint(lesion, centre_mm, start, share.astype(np.float32), qsm.astype(np.float32))

    def _scanned(
        self,
        flair: FloatArray,
        qsm: FloatArray,
        brain: NDArray[np.bool_],
        start: Index,
        axes_mm: list[FloatArray],
    ) -> tuple[FloatArray, FloatArray]:
        """Bias, noise and gain; 0 outside the brain."""
        around = np.ix_(
            *(np.arange(first, first + n) % _TILE for first, n in zip(start, flair.shape, strict=True))
        )
        real, other, susceptibility = (tile[around] for tile in self._noise)
        flair = flair * np.exp(np.float32(0.05) * self._bias.on_grid(axes_mm))
        noise = np.float32(self._flair_noise)
        magnitude = np.hypot(flair + noise * real, noise * other) * np.float32(self._gain)
        return magnitude * brain, (qsm + np.float32(self._qsm_noise_ppm) * susceptibility) * brain


def _draw_labels(count: int, classes: Mapping[str, float], rng: np.random.Generator) -> list[str]:
    """Classes of a patient's lesions, with shares that are the patient's own."""
    weights = np.array(list(classes.values()), dtype=np.float64)
    classified = sum(weight for name, weight in classes.items() if name in PATTERNS_PPM)
    # Thus classes 2 to 6 scatter alike among themselves, whatever the share of class 1 is.
    shares = rng.dirichlet(_CONCENTRATION * weights / (classified or weights.sum()))
    return [str(label) for label in rng.choice(list(classes), size=count, p=shares)]


def _noise_tile(rng: np.random.Generator) -> FloatArray:
    """Three noises of unit spread and the patient's grain, ``(3, 64, 64, 64)``; the edges fit each other."""
    from scipy import ndimage

    sigma = rng.uniform(0.3, 0.75)
    tile = rng.standard_normal((3, _TILE, _TILE, _TILE), dtype=np.float32)
    tile = np.stack([ndimage.gaussian_filter(one, sigma, mode="wrap") for one in tile])
    normed: FloatArray = tile / tile.std(axis=(1, 2, 3), keepdims=True)
    return normed


def _overlap(
    start: Index, shape: Sequence[int], other: Index, other_shape: Sequence[int]
) -> tuple[tuple[slice, ...] | None, tuple[slice, ...] | None]:
    """The common part of two boxes, in the indices of each; None where they lie apart."""
    low = np.maximum(start, other)
    high = np.minimum(start + np.asarray(shape), other + np.asarray(other_shape))
    if (high <= low).any():
        return None, None
    first, second = (
        tuple(slice(int(a), int(b)) for a, b in zip(low - base, high - base, strict=True))
        for base in (start, other)
    )
    return first, second
