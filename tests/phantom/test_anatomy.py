from __future__ import annotations

import numpy as np
import pytest

from monai_mri.phantom.anatomy import load_anatomy


@pytest.fixture(scope="module")
def anatomy():
    return load_anatomy()


def share_at(values, anatomy, point_mm):
    return values[tuple(anatomy.nearest_voxel(np.array(point_mm)))]


def test_tissue_shares_sum_to_one_inside_the_skull(anatomy):
    total = anatomy.wm + anatomy.gm + anatomy.csf
    np.testing.assert_allclose(total[anatomy.skull_mm == 0], 1, atol=1e-5)
    assert total[anatomy.skull_mm > 1].max() < 1e-6


@pytest.mark.parametrize(
    ("tissue", "point_mm"),
    [
        ("wm", (28, -20, 34)),
        ("wm", (-28, -20, 34)),
        ("gm", (12, 10, 10)),
        ("csf", (0, -46, -34)),
        ("csf", (16, -30, 22)),
        ("ventricles", (-8, 0, 20)),
    ],
)
def test_known_points_of_mni_space_hold_their_tissue(anatomy, tissue, point_mm):
    assert share_at(getattr(anatomy, tissue), anatomy, point_mm) > 0.6


def test_lateral_ventricles_are_two_even_halves_of_plausible_volume(anatomy):
    ventricles = anatomy.ventricles
    x_mm = anatomy.axes_mm[0][:, None, None]
    left, right = ((ventricles & side).sum() for side in (x_mm < 0, x_mm > 0))
    assert 8_000 < ventricles.sum() < 40_000
    assert 0.8 < left / right < 1.25
    assert anatomy.csf[ventricles].min() > 0.5
    assert not anatomy.ventricle_mm[ventricles].any()


def test_core_of_the_head_covers_the_brain_and_reaches_the_neck(anatomy):
    brain = anatomy.wm + anatomy.gm > 0.9
    assert (anatomy.head_mm[brain] < 3).all()
    assert (anatomy.head_mm[:, :, 0] == 0).sum() > 10_000


def test_anatomy_is_loaded_once_a_process(anatomy):
    assert load_anatomy() is anatomy


def test_coarse_anatomy_is_every_second_voxel_at_the_same_place(anatomy):
    coarse = load_anatomy(step_mm=2)
    for fine_axis, coarse_axis in zip(anatomy.axes_mm, coarse.axes_mm, strict=True):
        np.testing.assert_array_equal(fine_axis[::2], coarse_axis)
    np.testing.assert_array_equal(anatomy.gm[::2, ::2, ::2], coarse.gm)
    point_mm = np.array([28.0, -20.0, 34.0])
    assert (
        coarse.wm[tuple(coarse.nearest_voxel(point_mm))] == anatomy.wm[tuple(anatomy.nearest_voxel(point_mm))]
    )
