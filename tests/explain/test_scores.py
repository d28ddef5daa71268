from __future__ import annotations

import numpy as np
import pytest

from monai_mri.errors import ImageError, UsageError
from monai_mri.explain import pointing_game_hit, score_map, top_share

SHAPE = (13, 15, 11)


def truth():
    where = np.zeros(SHAPE, dtype=bool)
    where[2:5, 3:6, 4:7] = True
    return where


def peak(*at):
    values = np.zeros(SHAPE, dtype=np.float32)
    values[at] = 1
    return values


def test_a_maximum_in_the_truth_hits_and_elsewhere_misses():
    assert pointing_game_hit(peak(3, 4, 5), truth()) is True
    assert pointing_game_hit(peak(12, 14, 10), truth()) is False


def test_the_tolerance_is_in_mm_along_each_axis():
    near = {"tolerance_mm": 3.0}
    assert pointing_game_hit(peak(3, 4, 8), truth(), spacing_mm=(1, 1, 1.5), **near) is True
    assert pointing_game_hit(peak(3, 4, 8), truth(), spacing_mm=(1, 1, 1.6), **near) is False


def test_the_maximum_is_looked_for_in_the_mask():
    values = peak(12, 14, 10) + 0.5 * peak(3, 4, 5)
    mask = np.ones(SHAPE, dtype=bool)
    mask[12] = False
    assert pointing_game_hit(values, truth(), mask=mask) is True


def test_several_maxima_hit_where_most_of_them_do():
    assert pointing_game_hit(peak(3, 4, 5) + peak(3, 4, 6) + peak(12, 14, 10), truth()) is True
    assert pointing_game_hit(peak(3, 4, 5) + peak(12, 14, 10), truth()) is False


def test_a_constant_map_or_no_truth_is_undefined():
    assert pointing_game_hit(np.ones(SHAPE), truth()) is None
    assert pointing_game_hit(peak(0, 0, 0), np.zeros(SHAPE, dtype=bool)) is None
    assert np.isnan(top_share(np.ones(SHAPE), truth()).share)
    assert np.isnan(top_share(peak(0, 0, 0), np.zeros(SHAPE, dtype=bool)).ratio)


def test_the_truth_as_map_has_all_its_top_in_the_truth():
    score = top_share(truth().astype(float), truth())
    assert (score.voxels, score.share) == (21, pytest.approx(1))
    assert score.chance == pytest.approx(27 / 2145)
    assert score.ratio == pytest.approx(2145 / 27)


def test_noise_is_at_chance_on_average():
    rng = np.random.default_rng(0)
    ratios = [top_share(rng.random(SHAPE), truth(), share=0.1).ratio for _ in range(300)]
    assert np.mean(ratios) == pytest.approx(1, abs=4 * np.std(ratios) / 300**0.5)


def test_the_mask_bounds_both_the_top_and_the_chance():
    mask = np.zeros(SHAPE, dtype=bool)
    mask[:7] = True
    score = top_share(np.random.default_rng(0).random(SHAPE), truth(), mask=mask, share=1.0)
    assert score.share == score.chance == pytest.approx(27 / mask.sum())


def test_wrong_shapes_types_and_settings_are_refused():
    with pytest.raises(UsageError, match="truth is int64"):
        top_share(np.zeros(SHAPE), truth().astype(np.int64))
    with pytest.raises(UsageError, match="like the map"):
        top_share(np.zeros((2, 2, 2)), truth())
    with pytest.raises(UsageError, match="share is 0"):
        top_share(np.zeros(SHAPE), truth(), share=0)
    with pytest.raises(UsageError, match="empty mask"):
        top_share(np.zeros(SHAPE), truth(), mask=np.zeros(SHAPE, dtype=bool))
    with pytest.raises(UsageError, match="tolerance_mm"):
        pointing_game_hit(peak(0, 0, 0), truth(), tolerance_mm=-1)
    with pytest.raises(ImageError, match="NaN"):
        score_map("cam", np.full(SHAPE, np.nan), truth())
