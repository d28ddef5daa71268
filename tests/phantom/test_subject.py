from __future__ import annotations

import numpy as np
import pytest

from monai_mri.phantom.grid import Grid
from monai_mri.phantom.subject import make_subject

GRID = Grid.covering((2.5, 2.5, 5.0))


@pytest.fixture(scope="module")
def subject():
    return make_subject(1, seed=3, effect=1.0, grid=GRID)


@pytest.fixture(scope="module")
def null_subject():
    return make_subject(1, seed=3, effect=0.0, grid=GRID)


def test_null_subject_has_the_same_mask(subject, null_subject):
    assert subject.mask.any()
    np.testing.assert_array_equal(subject.mask, null_subject.mask)


def test_null_image_is_that_of_the_same_subject_without_plaques(null_subject, monkeypatch):
    monkeypatch.setattr("monai_mri.phantom.subject.draw_plaques", lambda anatomy, rng: [])
    healthy = make_subject(1, seed=3, effect=1.0, grid=GRID)
    assert not healthy.mask.any()
    np.testing.assert_array_equal(healthy.flair, null_subject.flair)


def test_plaques_brighten_their_mask_and_leave_far_voxels_alone(subject, null_subject):
    difference = subject.flair.astype(int) - null_subject.flair
    assert np.mean(difference[subject.mask] > 0) > 0.97
    assert difference.min() >= -1
    assert np.mean(difference != 0) < 0.05


def test_effect_scales_the_contrast(subject, null_subject):
    double = make_subject(1, seed=3, effect=2.0, grid=GRID).flair.astype(float)
    rise = [
        (image - null_subject.flair)[subject.mask].mean() for image in (subject.flair.astype(float), double)
    ]
    assert rise[1] / rise[0] == pytest.approx(2, rel=0.05)


def test_no_threshold_on_raw_intensity_finds_the_plaques(subject):
    order = np.argsort(-subject.flair.ravel(), kind="stable")
    hits = np.cumsum(subject.mask.ravel()[order])
    f1 = 2 * hits / (np.arange(1, order.size + 1) + subject.mask.sum())
    assert f1.max() < 0.3


def test_another_index_or_seed_is_another_head(subject):
    for index, seed in ((4, 3), (1, 4)):
        other = make_subject(index, seed=seed, effect=1.0, grid=GRID)
        assert other.site == subject.site
        assert (other.mask != subject.mask).any()
        assert np.mean(other.flair != subject.flair) > 0.5
