from __future__ import annotations

import math

import numpy as np
import pytest

from monai_mri.errors import UsageError
from monai_mri.metrics import segmentation_scores, summarise_scores

SOME, EMPTY = np.eye(4, dtype=bool), np.zeros((4, 4), bool)


def scored(pred, truth, *, spacing_mm=(1.0, 1.0)):
    return segmentation_scores(pred, truth, spacing_mm=spacing_mm)


HIT, MISSED, FALSE, NOTHING = (
    scored(pred, truth) for pred, truth in [(SOME, SOME), (EMPTY, SOME), (SOME, EMPTY), (EMPTY, EMPTY)]
)


def test_every_scan_is_in_exactly_one_class():
    found = summarise_scores([HIT] * 4 + [MISSED] * 3 + [FALSE] * 2 + [NOTHING])
    assert (found.scored, found.missed, found.falsely_found, found.both_empty) == (4, 3, 2, 1)
    assert found.scans == 10
    assert (found.empty_prediction, found.empty_truth, found.undefined_distances) == (4, 3, 6)


def test_each_mean_says_on_how_many_scans_it_stands():
    found = summarise_scores([HIT, MISSED, FALSE, NOTHING]).scores
    defined = {name: (score.n, score.undefined) for name, score in found.items()}
    assert defined == {
        "dice": (3, 1),
        "jaccard": (3, 1),
        "precision": (2, 2),
        "recall": (2, 2),
        "f1": (3, 1),
        "hd_mm": (1, 3),
        "hd95_mm": (1, 3),
        "assd_mm": (1, 3),
    }


def test_missing_more_scans_shows_although_the_mean_distance_does_not_change():
    few, many = summarise_scores([HIT, MISSED]), summarise_scores([HIT] + [MISSED] * 99)
    assert few.scores["hd95_mm"].mean == many.scores["hd95_mm"].mean
    assert (few.missed, many.missed) == (1, 99)
    assert many.scores["dice"].mean == pytest.approx(0.01)


def test_mean_and_deviation_are_those_of_a_sample():
    scans = [HIT | {"dice": value} for value in (0.2, 0.4, 0.9)]
    found = summarise_scores(scans).scores["dice"]
    assert (found.mean, found.sd) == pytest.approx((0.5, math.sqrt(0.13)))


def test_one_scan_has_no_deviation_and_none_defined_no_mean():
    found = summarise_scores([MISSED]).scores
    assert found["dice"].mean == 0.0
    assert math.isnan(found["dice"].sd)
    assert math.isnan(found["hd_mm"].mean)


def test_unknown_voxel_size_is_counted_apart_from_empty_masks():
    found = summarise_scores([scored(SOME, SOME, spacing_mm=None), HIT])
    assert (found.scored, found.undefined_distances) == (2, 1)


@pytest.mark.parametrize(
    ("scans", "message"),
    [
        ([], "found no scans"),
        ([{"dice": 1.0}], "no 'precision'"),
        ([HIT, HIT | {"lesion_f1": 1.0}], "scan 1 differs from scan 0 in lesion_f1"),
    ],
)
def test_scans_that_cannot_be_summarised_together_are_refused(scans, message):
    with pytest.raises(UsageError, match=message):
        summarise_scores(scans)
