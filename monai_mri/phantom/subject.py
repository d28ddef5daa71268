"""One synthetic patient: an image and its plaque mask on a grid in MNI space."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.anatomy import Anatomy, load_anatomy
from monai_mri.phantom.deform import Deformation
from monai_mri.phantom.distractors import bright_fluid, head_around_brain
from monai_mri.phantom.fields import SmoothField
from monai_mri.phantom.grid import Grid
from monai_mri.phantom.plaques import Plaque, draw_plaques, paint_plaques
from monai_mri.phantom.signal import SITES, Site, scan

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Subject:
    """One synthetic patient.

    Attributes:
        flair: intensities, int16, shape of the grid.
        mask: True where at least half of a voxel is plaque, same shape.
        site: name of the scanner.
        plaques: the plaques, in MNI space.
    """

    flair: NDArray[np.int16]
    mask: NDArray[np.bool_]
    site: str
    plaques: list[Plaque]


def make_subject(index: int, *, seed: int, effect: float, grid: Grid) -> Subject:
    """The patient of an index, whatever the size of the cohort.

    Shape, tissue, plaques and noise come from four independent streams of ``(seed, index)``, so that neither
    the effect nor the plaques move anything else.
    """
    shape, tissue, lesions, noise = (
        np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(index, part)))
        for part in range(4)
    )
    anatomy = load_anatomy(step_mm=2 if min(grid.voxel_size_mm) >= 2 else 1)
    site = SITES[index % len(SITES)]
    plaques = draw_plaques(anatomy, lesions)
    occupancy, added = paint_plaques(anatomy, plaques)
    signal = _healthy_head(anatomy, site, tissue)
    signal += np.float32(effect) * added
    deformation = Deformation(shape, origin_mm=grid.corner_mm, extent_mm=grid.extent_mm)
    points_mm = deformation.template_points_mm(grid.fine_axes_mm)
    mask = grid.average(_sample(occupancy, points_mm, anatomy)) >= 0.5
    image = grid.average(_sample(signal, points_mm, anatomy))
    return Subject(scan(image, grid.axes_mm, site=site, rng=noise), mask, site.name, plaques)


def _healthy_head(anatomy: Anatomy, site: Site, rng: np.random.Generator) -> FloatArray:
    """Noise-free signal of a head without plaques on the anatomy's grid, in units of white matter."""
    gm, csf = site.gm * rng.uniform(0.98, 1.02), site.csf * rng.uniform(0.85, 1.15)
    texture = SmoothField(rng, origin_mm=anatomy.origin_mm, extent_mm=anatomy.extent_mm, sigma_mm=6.0)
    signal = anatomy.wm + np.float32(gm) * anatomy.gm
    signal += np.float32(0.03) * texture.on_grid(anatomy.axes_mm) * signal
    signal += np.float32(rng.uniform(0.04, 0.10)) * _ventricle_rim(anatomy)
    fluid = bright_fluid(anatomy, rng)
    fluid += np.float32(csf)
    fluid *= anatomy.csf
    signal += fluid
    signal += head_around_brain(anatomy, rng)
    return signal


@lru_cache(maxsize=2)
def _ventricle_rim(anatomy: Anatomy) -> FloatArray:
    """Where tissue lies against the lateral ventricles, 1 at their wall; slightly bright on FLAIR."""
    rim: FloatArray = np.exp(-anatomy.ventricle_mm / 2) * (anatomy.wm + anatomy.gm)
    return rim


def _sample(values: FloatArray, points_mm: FloatArray, anatomy: Anatomy) -> FloatArray:
    """Values of the anatomy's grid at MNI points, linearly interpolated; the edge repeats outside."""
    from scipy import ndimage

    indices = points_mm - np.asarray(anatomy.origin_mm, dtype=np.float32)[:, None, None, None]
    indices /= np.float32(anatomy.step_mm)
    sampled: FloatArray = ndimage.map_coordinates(values, indices, order=1, mode="nearest", output=np.float32)
    return sampled
