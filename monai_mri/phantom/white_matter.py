"""One synthetic white-matter map as CAT12's `mwc2`: normalised to MNI space, modulated, with a planted loss.

A map holds the subject's millilitres of white matter a millilitre of MNI space: the template at the points
that a small misregistration leads to, times the Jacobian of that, times a smooth density (any positive
density with the right total is the Jacobian of some deformation). Its sum over voxels is the subject's
volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.anatomy import load_anatomy
from monai_mri.phantom.fields import SmoothField
from monai_mri.phantom.regions import white_matter_regions

FloatArray = NDArray[np.float32]

SHAPE = (121, 145, 121)
PLANTED = ("brain_stem", "corpus_callosum", "anterior_cingulate", "parietal_left", "parietal_right")
MEAN_ML = 500.0
REGION_SPREAD = 0.06

_FIELD_MM = (181.5, 217.5, 181.5)
_EDGE_MM = (90.75, -126.75, -72.75)
_MISREGISTRATION_MM, _MISREGISTRATION_SIGMA_MM = 1.0, 9.0
_DENSITY_SPREAD, _DENSITY_SIGMA_MM = 0.10, 16.0
_PLANT_EDGE_MM = 2.0


@dataclass(frozen=True)
class MapGrid:
    """Voxels over the field of view of CAT12's 1.5 mm maps, 181.5 x 217.5 x 181.5 mm; axes L, A, S.

    >>> MapGrid(SHAPE).affine.tolist()[0]
    [-1.5, 0.0, 0.0, 90.0]
    """

    shape: tuple[int, int, int]

    @property
    def step_mm(self) -> NDArray[np.float64]:
        """Edge lengths of a voxel."""
        step_mm: NDArray[np.float64] = np.asarray(_FIELD_MM) / np.asarray(self.shape)
        return step_mm

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel."""
        return float(np.prod(self.step_mm)) / 1000

    @property
    def affine(self) -> NDArray[np.float64]:
        """Voxel indices to MNI mm, 4 x 4; the first axis runs to the left."""
        signs = np.array([-1.0, 1.0, 1.0])
        affine = np.diag([*(signs * self.step_mm), 1.0])
        affine[:3, 3] = np.asarray(_EDGE_MM) + signs * self.step_mm / 2
        return affine

    @property
    def axes_mm(self) -> list[FloatArray]:
        """MNI coordinates of the voxel centres along each axis; the first falls."""
        affine = self.affine
        return [
            (affine[axis, 3] + affine[axis, axis] * np.arange(n)).astype(np.float32)
            for axis, n in enumerate(self.shape)
        ]


@dataclass(frozen=True, eq=False)
class Plan:
    """What all subjects on a grid share.

    Attributes:
        grid: the voxels.
        white: the template's white matter, 1 mm, blurred to the voxels' size.
        labels: regions of `white_matter_regions`.
        names: label of each region.
        weights: one planted region after the other, blurred by 2 mm, 0 to 1.
        means: mean of each planted region in a map of 500 ml without any variation.
    """

    grid: MapGrid
    white: FloatArray
    labels: NDArray[np.uint8]
    names: dict[str, int]
    weights: FloatArray
    means: NDArray[np.float64]

    def regional_means(self, voxels: NDArray[Any]) -> NDArray[np.float64]:
        """Mean over the voxels of each planted region, in the order of `PLANTED`."""
        return _regional_means(voxels, self.labels, self.names)


@lru_cache(maxsize=2)
def plan(grid: MapGrid) -> Plan:
    """The plan of a grid; made once a process.

    Raises:
        ImageError: the installed nilearn lacks the MNI152 templates.
    """
    from scipy import ndimage

    anatomy = load_anatomy()
    white = ndimage.gaussian_filter(anatomy.wm, 0.4 * np.maximum(grid.step_mm - 1, 0))
    labels, names = white_matter_regions(grid.affine, grid.shape)
    blur = _PLANT_EDGE_MM / grid.step_mm
    weights = np.stack(
        [ndimage.gaussian_filter((labels == names[name]).astype(np.float32), blur) for name in PLANTED]
    )
    still = _sampled(white, np.stack(np.meshgrid(*grid.axes_mm, indexing="ij")))
    still *= np.float32(MEAN_ML / (still.sum(dtype=np.float64) * grid.voxel_ml))
    return Plan(grid, white, labels, names, weights, _regional_means(still, labels, names))


def modulated_map(plan: Plan, *, volume_ml: float, rng: np.random.Generator) -> FloatArray:
    """A subject's map without loss: misregistered, modulated, with errors of segmentation at the borders.

    Returns:
        Values of at least 0, about 1 where the subject has as much white matter as the template; their sum
        times the voxel's volume is `volume_ml`.
    """
    from scipy import ndimage

    axes = plan.grid.axes_mm
    points, modulation = misregistration(axes, rng)
    density = _field(rng, _DENSITY_SIGMA_MM).on_grid(axes)
    share = _sampled(plan.white, points)
    noise = rng.standard_normal(plan.grid.shape, dtype=np.float32)
    noise = ndimage.gaussian_filter(noise, 0.7)
    share += noise * (np.float32(0.015) + np.float32(1.2) * share * (1 - share)) * (share > 0.01)
    values: FloatArray = np.clip(share, 0, 1) * modulation * np.exp(np.float32(_DENSITY_SPREAD) * density)
    values = ndimage.gaussian_filter(values, 0.6 / plan.grid.step_mm)
    values *= np.float32(volume_ml / (values.sum(dtype=np.float64) * plan.grid.voxel_ml))
    return values


def set_regions(values: FloatArray, plan: Plan, targets: NDArray[np.float64]) -> FloatArray:
    """Scale the planted regions, with soft edges, so that their means become the targets.

    Args:
        values: a map.
        plan: of its grid.
        targets: mean of each region in the order of `PLANTED`.

    Returns:
        A map of at least 0; its means are those asked for, as long as no voxel has to fall below 0.
    """
    masks = [plan.labels == plan.names[name] for name in PLANTED]
    shares = np.array(
        [[float((values[mask] * weight[mask]).mean()) for weight in plan.weights] for mask in masks]
    )
    change = np.linalg.solve(shares, targets - plan.regional_means(values))
    factor = np.tensordot(change.astype(np.float32), plan.weights, axes=1)
    scaled: FloatArray = values * np.maximum(factor + 1, 0)
    return scaled


def misregistration(axes_mm: Sequence[FloatArray], rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """What normalisation left: MNI points, ``(3, i, j, k)``, and the Jacobian determinant, ``(i, j, k)``.

    The displacement is Gaussian noise smoothed by 9 mm, 1 mm in standard deviation along each axis.
    """
    points = np.stack(np.meshgrid(*axes_mm, indexing="ij")).astype(np.float32)
    for row in range(3):
        moved = _field(rng, _MISREGISTRATION_SIGMA_MM).on_grid(axes_mm)
        points[row] += np.float32(_MISREGISTRATION_MM) * moved
    steps = [float(axis[1] - axis[0]) for axis in axes_mm]
    (a, b, c), (d, e, f), (g, h, i) = (np.gradient(row, *steps) for row in points)
    jacobian: FloatArray = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return points, np.maximum(jacobian, np.float32(0.2))


def _field(rng: np.random.Generator, sigma_mm: float) -> SmoothField:
    origin_mm = (_EDGE_MM[0] - _FIELD_MM[0], *_EDGE_MM[1:])
    return SmoothField(rng, origin_mm=origin_mm, extent_mm=_FIELD_MM, sigma_mm=sigma_mm)


def _sampled(white: FloatArray, points_mm: NDArray[Any]) -> FloatArray:
    """The template's white matter at MNI points, 0 outside it."""
    from scipy import ndimage

    origin = np.asarray(load_anatomy().origin_mm, dtype=np.float32)[:, None, None, None]
    share: FloatArray = ndimage.map_coordinates(white, points_mm - origin, order=1, output=np.float32)
    return share


def _regional_means(
    voxels: NDArray[Any], labels: NDArray[np.uint8], names: dict[str, int]
) -> NDArray[np.float64]:
    return np.array([voxels[labels == names[name]].mean(dtype=np.float64) for name in PLANTED])
