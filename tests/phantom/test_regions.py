from __future__ import annotations

import numpy as np
import pytest

from monai_mri.errors import UsageError
from monai_mri.phantom.regions import REGIONS, white_matter_regions

STEP_MM = 3.0
SHAPE = (61, 73, 61)


def grid(flip=True):
    affine = np.diag([-STEP_MM if flip else STEP_MM, STEP_MM, STEP_MM, 1.0])
    affine[:3, 3] = 90 if flip else -90, -126, -72
    return affine


def region_at(labels, names, point_mm, affine):
    """The name found in most white-matter voxels within 5 mm of a point."""
    voxel = np.rint(np.linalg.solve(affine, [*point_mm, 1])[:3]).astype(int)
    near = labels[tuple(slice(v - 1, v + 2) for v in voxel)]
    return {number: name for name, number in names.items()}[int(np.bincount(near[near > 0]).argmax())]


@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize(
    ("point_mm", "name"),
    [
        ((0, -30, -34), "brain_stem"),
        ((0, 28, 6), "corpus_callosum"),
        ((0, -38, 12), "corpus_callosum"),
        ((-10, 36, 14), "anterior_cingulate"),
        ((-28, -52, 38), "parietal_left"),
        ((28, -52, 38), "parietal_right"),
        ((-26, 20, 32), "frontal_left"),
        ((30, 40, 6), "frontal_right"),
        ((-44, -20, -14), "temporal_left"),
        ((44, -20, -14), "temporal_right"),
        ((-22, -84, 4), "occipital_left"),
        ((22, -60, -36), "cerebellum"),
        ((26, -8, 10), "deep_right"),
    ],
)
def test_known_places_lie_in_their_regions_whatever_the_direction_of_x(flip, point_mm, name):
    affine = grid(flip)
    labels, names = white_matter_regions(affine, SHAPE)
    assert region_at(labels, names, point_mm, affine) == name


def test_every_region_has_voxels_and_sides_are_about_as_large():
    labels, names = white_matter_regions(grid(), SHAPE)
    assert labels.dtype == np.uint8
    assert tuple(names) == REGIONS
    sizes = {name: int((labels == number).sum()) for name, number in names.items()}
    assert min(sizes.values()) * STEP_MM**3 > 10_000
    for lobe in ("parietal", "frontal", "temporal", "occipital", "deep"):
        assert sizes[f"{lobe}_left"] == pytest.approx(sizes[f"{lobe}_right"], rel=0.05)


def test_outside_of_white_matter_there_is_no_label():
    labels, _ = white_matter_regions(grid(), SHAPE)
    assert labels[0].max() == labels[:, :, -1].max() == 0
    assert 0.05 < (labels > 0).mean() < 0.15


@pytest.mark.parametrize(("affine", "shape"), [(np.eye(3), (4, 4, 4)), (np.eye(4), (4, 4))])
def test_a_grid_that_is_none_is_refused(affine, shape):
    with pytest.raises(UsageError, match="expected 4 x 4 and 3"):
        white_matter_regions(affine, shape)
