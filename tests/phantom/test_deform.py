from __future__ import annotations

import numpy as np
import pytest

from monai_mri.phantom.deform import Deformation

BOX = {"origin_mm": (-96.0, -132.0, -72.0), "extent_mm": (192.0, 230.0, 170.0)}
AXES_MM = [np.arange(o, o + n, 5.0) for o, n in zip(BOX["origin_mm"], BOX["extent_mm"], strict=True)]


@pytest.mark.parametrize("seed", range(8))
def test_deformation_never_folds(seed):
    assert Deformation(np.random.default_rng(seed), **BOX).jacobian(AXES_MM).min() > 0.35


def test_displacement_is_a_few_millimetres():
    points = Deformation(np.random.default_rng(0), **BOX).template_points_mm(AXES_MM)
    moved_mm = np.linalg.norm(points - np.stack(np.meshgrid(*AXES_MM, indexing="ij")), axis=0)
    assert 0.5 < np.median(moved_mm) < 12
    assert moved_mm.max() < 30


def test_same_stream_gives_the_same_head():
    first, second = (
        Deformation(np.random.default_rng(4), **BOX).template_points_mm(AXES_MM) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
