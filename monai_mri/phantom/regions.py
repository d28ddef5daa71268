"""A coarse partition of MNI white matter: brain stem, corpus callosum, anterior cingulate, lobes.

It is made of the template's white matter and planes in MNI mm, so that it needs no atlas and fits any grid.
Borders between lobes are straight where real ones follow sulci: good for a table of regions and for planting
an effect, not for anatomy.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.errors import UsageError
from monai_mri.phantom.anatomy import load_anatomy

FloatArray = NDArray[np.floating[Any]]
BoolArray = NDArray[np.bool_]

REGIONS = (
    "brain_stem",
    "corpus_callosum",
    "anterior_cingulate",
    "parietal_left",
    "parietal_right",
    "frontal_left",
    "frontal_right",
    "temporal_left",
    "temporal_right",
    "occipital_left",
    "occipital_right",
    "cerebellum",
    "deep_left",
    "deep_right",
)

_LEAST_WHITE = 0.3
# The corpus callosum in the midsagittal plane from rostrum over genu and body to splenium: (y, z) in mm
_CALLOSUM_MM = (
    (10, -6),
    (20, -4),
    (28, 4),
    (26, 14),
    (14, 21),
    (0, 25),
    (-16, 26),
    (-30, 22),
    (-39, 14),
    (-37, 8),
)
_CALLOSUM_REACH_MM, _CALLOSUM_HALF_WIDTH_MM = 6.0, 16.0
_CINGULATE_REACH_MM, _CINGULATE_HALF_WIDTH_MM = 20.0, 17.0


def white_matter_regions(
    affine: FloatArray, shape: Sequence[int]
) -> tuple[NDArray[np.uint8], dict[str, int]]:
    """The region of each white-matter voxel of a grid in MNI space.

    Args:
        affine: 4 x 4, voxel indices to MNI mm (RAS+); axes in any order and direction.
        shape: voxels along the three axes.

    Returns:
        Labels, uint8, 0 where the template has less than 30 % white matter, and the label of each name in
        `REGIONS` (1 to 14). Left is the subject's left, where MNI x is negative.

    Raises:
        UsageError: the affine is not 4 x 4 or the shape not three lengths.
        ImageError: the installed nilearn lacks the MNI152 templates.

    >>> affine = np.diag([-6.0, 6.0, 6.0, 1.0])
    >>> affine[:3, 3] = 90, -126, -72
    >>> labels, names = white_matter_regions(affine, (31, 37, 31))
    >>> bool(labels[15, 16, 7] == names["brain_stem"])  # x 0, y -30, z -30 mm
    True
    """
    matrix = np.asarray(affine, dtype=np.float64)
    if matrix.shape != (4, 4) or len(shape) != 3:
        raise UsageError(
            f"regions: an affine of shape {matrix.shape} and a grid of {len(shape)} axes, "
            "expected 4 x 4 and 3; give those of a volume"
        )
    indices = np.indices(tuple(shape), dtype=np.float32).reshape(3, -1)
    points_mm = matrix[:3, :3].astype(np.float32) @ indices + matrix[:3, 3:].astype(np.float32)
    white = np.flatnonzero(_white_share(points_mm) >= _LEAST_WHITE)
    labels = np.zeros(indices.shape[1], dtype=np.uint8)
    labels[white] = _region_of(points_mm[:, white])
    return labels.reshape(tuple(shape)), {name: number for number, name in enumerate(REGIONS, start=1)}


def _white_share(points_mm: FloatArray) -> FloatArray:
    """Share of white matter at points, 0 outside the template."""
    from scipy import ndimage

    anatomy = load_anatomy()
    indices = points_mm - np.asarray(anatomy.origin_mm, dtype=np.float32)[:, None]
    share: FloatArray = ndimage.map_coordinates(anatomy.wm, indices, order=1, output=np.float32)
    return share


def _region_of(points_mm: FloatArray) -> NDArray[np.uint8]:
    """Label of each point, shape (3, n) to (n,): the first region that claims it."""
    x, y, z = points_mm
    side = np.abs(x)
    arc_mm, outward = _callosal_distance_mm(y, z)
    stem, cerebellum = _hindbrain(side, y, z)
    callosum = (side <= _CALLOSUM_HALF_WIDTH_MM) & (arc_mm <= _CALLOSUM_REACH_MM)
    cingulate = (side <= _CINGULATE_HALF_WIDTH_MM) & (arc_mm <= _CINGULATE_REACH_MM) & outward & (y > 2)
    central = -20 - 0.45 * (z - 30) + 0.35 * (side - 35)  # plane of the central sulcus
    deep = (side < 30) & (y > -32) & (y < 24) & (z > -12) & (z < 22)
    # The temporal lobe lies under the plane of the Sylvian fissure, which climbs towards the back.
    temporal = (side > 18) & (z < np.minimum(-5 - 0.45 * y, 12)) & (y > -62)
    occipital = y < np.minimum(-62 - 0.7 * (z - 12), -62)
    claims: list[tuple[str, BoolArray]] = [
        ("brain_stem", stem),
        ("cerebellum", cerebellum),
        ("corpus_callosum", callosum),
        ("anterior_cingulate", cingulate),
        ("deep", deep),
        ("temporal", temporal),
        ("occipital", occipital),
        ("parietal", y < central),
        ("frontal", np.ones_like(stem)),
    ]
    labels = np.zeros(len(x), dtype=np.uint8)
    for name, claimed in claims:
        free = claimed & (labels == 0)
        if name in REGIONS:
            labels[free] = REGIONS.index(name) + 1
        else:
            left, right = (REGIONS.index(f"{name}_{where}") + 1 for where in ("left", "right"))
            labels[free] = np.where(x[free] < 0, left, right)
    return labels


def _hindbrain(side: FloatArray, y: FloatArray, z: FloatArray) -> tuple[BoolArray, BoolArray]:
    """Brain stem (midbrain, pons, medulla) and cerebellum with its peduncles."""
    back = np.where(z < -46, -56, -40)
    half_width = np.where(z < -44, 11, np.where(z < -18, 17, 19))
    stem = (z < -6) & (y < -6) & (y > back) & (side < half_width)
    tent = np.minimum(-12 - 0.35 * (y + 60), -12)  # the tentorium, lower towards the front
    cerebellum = (y < -30) & (z < tent) & ~stem & ((y < -40) | (z < -28))
    return stem, cerebellum


def _callosal_distance_mm(y: FloatArray, z: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Distance to the callosal arc in the sagittal plane, and whether a point lies outside of the arc."""
    arc = np.asarray(_CALLOSUM_MM, dtype=np.float32)
    nearest = np.full(len(y), np.inf, dtype=np.float32)
    for (y0, z0), (y1, z1) in pairwise(arc):
        length = (y1 - y0) ** 2 + (z1 - z0) ** 2
        along = np.clip(((y - y0) * (y1 - y0) + (z - z0) * (z1 - z0)) / length, 0, 1)
        nearest = np.minimum(nearest, np.hypot(y - y0 - along * (y1 - y0), z - z0 - along * (z1 - z0)))
    inside = (np.abs(y + 5) / 34) ** 2 + (np.maximum(z - 2, 0) / 22) ** 2 < 1
    return nearest, ~(inside & (z > -4))
