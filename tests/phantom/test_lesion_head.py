from __future__ import annotations

import numpy as np
import pytest

from monai_mri.phantom.grid import Grid
from monai_mri.phantom.lesion_head import Head

GRID = Grid.covering((4.0, 4.0, 4.0))


@pytest.fixture(scope="module")
def head():
    return Head(np.random.default_rng(3), grid=GRID)


@pytest.fixture(scope="module")
def tissues(head):
    return head.tissues(head.axes_mm(np.zeros(3, dtype=np.intp), GRID.shape))


def test_shares_of_tissue_are_shares(tissues):
    assert min(float(share.min()) for share in tissues) >= 0
    assert float((tissues[0] + tissues[1] + tissues[2]).max()) < 1.01


def test_deep_grey_matter_is_grey_matter_near_the_middle(head, tissues):
    _, gm, _, deep = tissues
    assert (deep <= gm).all()
    x_mm = head.axes_mm(np.zeros(3, dtype=np.intp), GRID.shape)[0]
    assert np.abs(x_mm[np.argwhere(deep > 0.2)[:, 0]]).max() < 40


def test_box_within_the_lattice_has_its_place(head):
    whole = head.axes_mm(np.zeros(3, dtype=np.intp), GRID.shape)
    part = head.axes_mm(np.array([2, 3, 4]), (5, 6, 7))
    for axis, (first, length) in enumerate(((2, 5), (3, 6), (4, 7))):
        np.testing.assert_array_equal(part[axis], whole[axis][first : first + length])


def test_points_that_lesions_choose_lie_in_this_heads_white_matter(head):
    rng = np.random.default_rng(0)
    points_mm = [head.draw_white_matter_mm(rng) for _ in range(20)]
    white = [
        float(head.tissues([np.array([value], np.float32) for value in point])[0].item())
        for point in points_mm
    ]
    assert np.mean(white) > 0.8
    assert min(point[2] for point in points_mm) > -45


def test_heads_of_two_seeds_differ(head, tissues):
    other = Head(np.random.default_rng(4), grid=GRID)
    moved = other.tissues(other.axes_mm(np.zeros(3, dtype=np.intp), GRID.shape))
    assert float(np.abs(moved[0] - tissues[0]).max()) > 0.1
