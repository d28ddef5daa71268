from __future__ import annotations

import math

import numpy as np
import pytest

from monai_mri.errors import ImageError, UsageError
from monai_mri.metrics import segmentation_scores

KEYS = ["dice", "jaccard", "precision", "recall", "f1", "hd_mm", "hd95_mm", "assd_mm"]
DISTANCES = ["hd_mm", "hd95_mm", "assd_mm"]
CUBE = np.zeros((6, 6, 6), bool)
CUBE[1:5, 1:5, 1:5] = True
EMPTY, FULL = np.zeros_like(CUBE), np.ones_like(CUBE)


def scores(pred, truth, spacing_mm=(1.0, 1.0, 2.0)):
    return segmentation_scores(pred, truth, spacing_mm=spacing_mm)


def test_all_scores_are_plain_floats_under_the_agreed_names():
    found = scores(CUBE, FULL)
    assert list(found) == KEYS
    assert all(type(value) is float for value in found.values())


def test_a_perfect_prediction_scores_one_at_no_distance():
    for mask in (CUBE, FULL):
        assert scores(mask, mask) == dict.fromkeys(KEYS[:5], 1.0) | dict.fromkeys(DISTANCES, 0.0)


def test_a_cube_one_voxel_off_has_known_scores():
    found = scores(np.roll(CUBE, 1, axis=2), CUBE)
    assert found["dice"] == found["precision"] == found["recall"] == found["f1"] == 0.75
    assert found["jaccard"] == 0.6
    assert found["hd_mm"] == 2.0


@pytest.mark.parametrize(
    ("pred", "truth", "expected"),
    [
        (EMPTY, EMPTY, (math.nan,) * 5),
        (FULL, EMPTY, (0.0, 0.0, 0.0, math.nan, 0.0)),
        (EMPTY, FULL, (0.0, 0.0, math.nan, 0.0, 0.0)),
    ],
)
def test_empty_masks_score_as_documented(pred, truth, expected):
    np.testing.assert_equal(list(scores(pred, truth).values()), [*expected, *(math.nan,) * 3])


def test_an_unknown_voxel_size_leaves_the_overlap_and_no_distances():
    known, unknown = scores(CUBE, FULL), scores(CUBE, FULL, None)
    np.testing.assert_equal(unknown, known | dict.fromkeys(DISTANCES, math.nan))


def test_pictures_are_scored_like_volumes():
    found = segmentation_scores(CUBE[2], FULL[2], spacing_mm=(0.5, 0.5))
    assert found["dice"] == 2 * 16 / (16 + 36)
    assert found["hd_mm"] == pytest.approx(0.5 * math.sqrt(2))


@pytest.mark.parametrize(
    ("pred", "truth", "spacing_mm", "error"),
    [
        (CUBE.astype(float), CUBE, None, UsageError),
        (CUBE, CUBE.astype(np.uint8), None, UsageError),
        (CUBE, CUBE[:5], None, ImageError),
        (CUBE[None], CUBE[None], None, ImageError),
        (CUBE[:0], CUBE[:0], None, ImageError),
        (CUBE, CUBE, (1.0, 1.0), UsageError),
        (EMPTY, CUBE, (1.0, 1.0, 0.0), UsageError),
        (CUBE, CUBE, (1.0, 1.0, math.inf), UsageError),
    ],
)
def test_what_cannot_be_scored_is_refused_by_name_of_the_function(pred, truth, spacing_mm, error):
    with pytest.raises(error, match=r"^segmentation_scores: .* expected"):
        scores(pred, truth, spacing_mm)
