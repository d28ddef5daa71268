from __future__ import annotations

from itertools import combinations

import numpy as np

from monai_mri.report.marks import place_labels


def test_labels_never_touch_one_another():
    points = [tuple(point) for point in np.random.default_rng(3).uniform((0, 0), (200, 20), (12, 2))]
    labels = place_labels(points, width=40, left=0, right=200)
    for (ax, ay), (bx, by) in combinations(labels, 2):
        assert abs(ax - bx) >= 40 or abs(ay - by) >= 9


def test_labels_stay_within_the_axes():
    labels = place_labels([(0, 0), (200, 0)], width=40, left=0, right=200)
    assert [x for x, _ in labels] == [20, 180]


def test_labels_keep_the_order_of_their_points():
    assert place_labels([(100, 50), (10, 5)], width=40, left=0, right=200) == [(100, 55), (20, 10)]
