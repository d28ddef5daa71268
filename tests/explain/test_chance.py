from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from monai_mri.errors import UsageError
from monai_mri.explain import against_chance, top_share

SHAPE = (13, 15, 11)


def truth():
    where = np.zeros(SHAPE, dtype=bool)
    where[2:5, 3:6, 4:7] = True
    return where


def smooth(seed):
    return gaussian_filter(np.random.default_rng(seed).normal(size=SHAPE), 1.5, mode="wrap")


def test_maps_that_light_up_the_truth_are_far_above_chance():
    maps = [smooth(seed) + 3 * truth() for seed in range(4)]
    found = against_chance(maps, truth())
    assert found.p_value <= 2 / found.places
    assert found.places == np.prod(SHAPE)
    assert found.ratio > 20


def test_p_values_of_smooth_noise_are_spread_evenly():
    small = [against_chance([smooth(seed)], truth(), share=0.1).p_value for seed in range(200)]
    assert np.mean(np.array(small) <= 0.2) == pytest.approx(0.2, abs=0.09)
    assert np.mean(np.array(small) <= 0.05) <= 0.1


def test_one_favourite_place_in_all_maps_is_not_taken_for_many_findings():
    alike = [smooth(5) + 0.01 * smooth(100 + seed) for seed in range(10)]
    one, many = against_chance(alike[:1], truth(), share=0.1), against_chance(alike, truth(), share=0.1)
    assert many.p_value == pytest.approx(one.p_value, abs=0.05)


def test_the_share_is_that_of_top_share():
    mask = np.zeros(SHAPE, dtype=bool)
    mask[1:10, 1:12, 1:10] = True
    found = against_chance([smooth(1)], truth(), mask=mask, share=0.2)
    score = top_share(smooth(1), truth(), mask=mask, share=0.2)
    assert found.chance == pytest.approx(score.chance)
    assert found.ratio == pytest.approx(score.ratio, rel=0.01)
    assert found.places < np.prod(SHAPE)


def test_without_a_map_that_varies_or_a_truth_nothing_is_defined():
    assert np.isnan(against_chance([np.zeros(SHAPE)], truth()).p_value)
    assert np.isnan(against_chance([smooth(0)], np.zeros(SHAPE, dtype=bool)).ratio)
    assert against_chance([np.zeros(SHAPE), smooth(0)], truth()).n == 1


def test_no_maps_are_refused():
    with pytest.raises(UsageError, match="0 maps"):
        against_chance([], truth())
