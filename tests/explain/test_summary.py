from __future__ import annotations

import numpy as np
import pytest

from monai_mri.explain import MapScore, TopShare, score_map, summarise_maps
from monai_mri.metrics.intervals import wilson_interval


def score(method, hit, share, chance=0.1):
    return MapScore(method, hit, 0.2, TopShare(10, 10 * share, share, chance, share / chance))


def test_methods_are_summed_up_in_the_order_they_come():
    rows = summarise_maps([score("cam", True, 0.6), score("summed", False, 0.1), score("cam", False, 0.2)])
    assert [row.method for row in rows] == ["cam", "summed"]
    first = rows[0]
    assert (first.n, first.hits, first.hit_rate) == (2, 1, 0.5)
    assert (first.hit_low, first.hit_high) == wilson_interval(1, 2)
    assert first.top_share == pytest.approx(0.4)
    assert first.ratio == pytest.approx(4)
    assert first.hit_chance == pytest.approx(0.2)


def test_undefined_maps_are_counted_and_left_out():
    flat, truth = np.zeros((4, 4, 4)), np.zeros((4, 4, 4), dtype=bool)
    truth[0] = True
    (row,) = summarise_maps([score_map("cam", flat, truth), score("cam", True, 0.5)])
    assert (row.n, row.undefined, row.hits) == (1, 1, 1)
    (row,) = summarise_maps([score_map("cam", flat, truth)])
    assert (row.n, row.undefined) == (0, 1)
    assert np.isnan([row.hit_rate, row.top_share, row.ratio, row.hit_low]).all()


def test_a_map_counts_where_both_of_its_scores_are_defined():
    (row,) = summarise_maps([score("cam", None, 0.9), score("cam", True, np.nan), score("cam", True, 0.5)])
    assert (row.n, row.undefined, row.hits, row.top_share) == (1, 2, 1, 0.5)


def test_no_maps_give_no_rows():
    assert summarise_maps([]) == []
