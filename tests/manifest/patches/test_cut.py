from __future__ import annotations

import numpy as np
import pytest

from monai_mri.manifest.patches.cut import cut, moved_affine, place

VOLUME = np.arange(6 * 7 * 8).reshape(6, 7, 8)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 11])
@pytest.mark.parametrize("centre", [(0, 0, 0), (5, 6, 7), (3, 3, 3), (0, 6, 4)])
def test_padded_patches_have_the_centre_in_the_middle_and_the_background_outside(size, centre):
    box = place(centre, VOLUME.shape, size=size)
    patch = cut(VOLUME, box, background=-1)
    assert patch.shape == (size,) * 3
    assert patch[(size // 2,) * 3] == VOLUME[centre]
    assert (patch == -1).sum() == box.padded
    assert box.shift == (0, 0, 0)


@pytest.mark.parametrize("size", [1, 2, 3, 6])
@pytest.mark.parametrize("centre", [(0, 0, 0), (5, 6, 7), (3, 3, 3)])
def test_shifted_patches_hold_the_centre_and_nothing_from_outside(size, centre):
    box = place(centre, VOLUME.shape, size=size, border="shift")
    patch = cut(VOLUME, box, background=-1)
    assert (patch >= 0).all()
    at = tuple(size // 2 - step for step in box.shift)
    assert all(0 <= index < size for index in at)
    assert patch[at] == VOLUME[centre]


def test_a_patch_that_does_not_fit_is_none():
    assert place((0, 3, 3), VOLUME.shape, size=3, border="skip") is None
    assert place((1, 1, 1), VOLUME.shape, size=3, border="skip") is not None
    assert place((3, 3, 3), VOLUME.shape, size=7, border="shift") is None


def test_the_affine_moves_with_the_patch():
    affine = np.array([[0, -2.0, 0, 5], [1, 0, 0, 6], [0, 0.5, 3, 7], [0, 0, 0, 1]])
    box = place((1, 5, 2), VOLUME.shape, size=5)
    inside = np.array([2, 2, 2, 1])
    np.testing.assert_allclose(moved_affine(affine, box) @ inside, affine @ [1, 5, 2, 1])
