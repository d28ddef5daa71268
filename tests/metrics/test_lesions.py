from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from monai_mri.errors import ImageError, UsageError
from monai_mri.metrics import LesionScores, lesion_scores

pairs = array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=6).flatmap(
    lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape))
)


def row(text: str) -> np.ndarray:
    """A one-line picture: # is lesion."""
    return np.array([[character == "#" for character in text]])


@pytest.mark.parametrize(
    ("pred", "truth", "expected"),
    [
        ("##..##", "##..##", LesionScores(truth_count=2, pred_count=2, detected=2)),
        ("##....", "....##", LesionScores(truth_count=1, pred_count=1, false=1)),
        ("##..##", "##....", LesionScores(truth_count=1, pred_count=2, detected=1, false=1)),
        ("######", "##..##", LesionScores(truth_count=2, pred_count=1, detected=2, merges=1)),
        ("##..##", "######", LesionScores(truth_count=1, pred_count=2, detected=1, splits=1)),
        ("###.##", "#.####", LesionScores(truth_count=2, pred_count=2, detected=2, merges=1, splits=1)),
        ("......", "##..##", LesionScores(truth_count=2)),
        ("##..##", "......", LesionScores(pred_count=2, false=2)),
        ("......", "......", LesionScores()),
    ],
)
def test_lesions_are_counted_as_the_rules_say(pred, truth, expected):
    assert lesion_scores(row(pred), row(truth)) == expected


@pytest.mark.parametrize(
    ("pred", "truth", "expected"),
    [
        ("......", "......", (math.nan, math.nan, math.nan)),
        ("##....", "......", (0, math.nan, 0)),
        ("......", "##....", (math.nan, 0, 0)),
        ("##....", "....##", (0, 0, 0)),
        ("##.#..", "##..##", (0.5, 0.5, 0.5)),
    ],
)
def test_undefined_measures_are_nan(pred, truth, expected):
    found = lesion_scores(row(pred), row(truth))
    np.testing.assert_equal((found.precision, found.recall, found.f1), expected)


def test_a_lesion_is_detected_from_the_asked_share_of_its_voxels_on():
    truth = np.zeros((10, 20), bool)
    truth[:, :10] = True
    pred = np.zeros_like(truth)
    pred.flat[[20 * (i // 10) + i % 10 for i in range(55)]] = True
    assert [lesion_scores(pred, truth, min_overlap=share).detected for share in (0, 0.55, 0.56)] == [1, 1, 0]


def test_a_split_lesion_is_detected_by_its_parts_together():
    found = lesion_scores(row("##.##..."), row("######.."), min_overlap=0.6)
    assert (found.detected, found.splits) == (1, 1)


def test_a_predicted_lesion_that_touches_an_undetected_one_is_not_false():
    found = lesion_scores(row("#....."), row("####.."), min_overlap=0.5)
    assert (found.detected, found.missed, found.false) == (0, 1, 0)


def test_specks_are_neither_lesions_nor_false():
    truth, pred = row("#...###..."), row("#...##...#")
    found = lesion_scores(pred, truth, min_size_voxels=2)
    assert found == LesionScores(truth_count=1, pred_count=1, detected=1)


def test_a_predicted_lesion_on_a_true_speck_only_is_left_out():
    found = lesion_scores(row("###...##"), row("#...##.."), min_size_voxels=2)
    assert found == LesionScores(truth_count=1, pred_count=1, false=1)


@pytest.mark.parametrize(
    ("ndim", "connectivity", "count"),
    [(2, None, 1), (2, 8, 1), (2, 4, 3), (3, None, 1), (3, 26, 1), (3, 18, 3), (3, 6, 3)],
)
def test_the_connectivity_decides_what_one_lesion_is(ndim, connectivity, count):
    diagonal = np.zeros((3,) * ndim, bool)
    diagonal[(np.arange(3),) * ndim] = True
    assert lesion_scores(diagonal, diagonal, connectivity=connectivity).truth_count == count


def test_scans_add_up():
    scans = [("##..##", "######"), ("######", "##..##"), ("##....", "....##")]
    found = [lesion_scores(row(pred), row(truth)) for pred, truth in scans]
    total = sum(found, LesionScores())
    assert total == LesionScores(truth_count=4, pred_count=4, detected=3, false=1, merges=1, splits=1)
    assert total.to_dict() == {
        "truth_count": 4,
        "pred_count": 4,
        "detected": 3,
        "missed": 1,
        "false": 1,
        "merges": 1,
        "splits": 1,
        "precision": 0.75,
        "recall": 0.75,
        "f1": 0.75,
    }


def test_detection_agrees_with_panoptica_where_lesions_pair_one_to_one(panoptica_cases):
    cases = [case for case in panoptica_cases if case["name"].startswith("separate lesions")]
    assert len(cases) == 4
    for case in cases:
        found = lesion_scores(case["pred"], case["truth"])
        assert (found.merges, found.splits) == (0, 0)
        ours = (found.truth_count, found.pred_count, found.detected, found.false, found.missed)
        assert ours == tuple(case[key] for key in ("truth_count", "pred_count", "tp", "fp", "fn"))


@settings(max_examples=80, deadline=None)
@given(pairs)
def test_counts_agree_with_a_plain_loop_over_scipy_components(pair):
    pred, truth = pair
    everything = np.ones((3,) * pred.ndim)
    parts = [ndimage.label(mask, everything) for mask in pair]
    (pred_parts, truth_parts) = ([labels == i + 1 for i in range(n)] for labels, n in parts)
    touch = np.array([[bool((p & t).any()) for t in truth_parts] for p in pred_parts])
    touch = touch.reshape(len(pred_parts), len(truth_parts))
    assert lesion_scores(pred, truth) == LesionScores(
        truth_count=len(truth_parts),
        pred_count=len(pred_parts),
        detected=int(touch.any(axis=0).sum()),
        false=int((~touch.any(axis=1)).sum()),
        merges=int((touch.sum(axis=1) > 1).sum()),
        splits=int((touch.sum(axis=0) > 1).sum()),
    )


@pytest.mark.parametrize(
    ("shape", "connectivity"), [((1, 8), 8), ((5, 3), 8), ((181, 217), 8), ((1, 5, 1), 26)]
)
def test_components_are_right_in_pictures_with_odd_sides(shape, connectivity):
    for seed in range(20):
        mask = np.random.default_rng(seed).random(shape) < 0.3
        expected = ndimage.label(mask, np.ones((3,) * mask.ndim))[1]
        found = lesion_scores(mask, mask, connectivity=connectivity)
        assert (found.truth_count, found.merges) == (expected, 0)


@settings(max_examples=40, deadline=None)
@given(pairs)
def test_swapping_the_masks_swaps_merges_and_splits(pair):
    one, other = lesion_scores(*pair), lesion_scores(*pair[::-1])
    assert (one.merges, one.missed) == (other.splits, other.false)


@pytest.mark.parametrize(
    "settings_",
    [{"min_overlap": -0.1}, {"min_overlap": 1.1}, {"min_size_voxels": 0}, {"connectivity": 26}],
)
def test_settings_out_of_range_are_refused(settings_):
    with pytest.raises(UsageError, match=r"LesionRules: .* expected"):
        lesion_scores(row("##"), row("##"), **settings_)


def test_masks_that_do_not_fit_are_refused():
    with pytest.raises(UsageError, match="lesion_scores: pred has dtype"):
        lesion_scores(row("##").astype(int), row("##"))
    with pytest.raises(ImageError, match="lesion_scores: pred has shape"):
        lesion_scores(row("##"), row("###"))
