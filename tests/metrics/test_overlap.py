from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monai_mri.errors import ImageError, UsageError
from monai_mri.metrics import Counts, count_voxels, dice, f1, is_collapsed, jaccard, precision, recall

MEASURES = (dice, jaccard, precision, recall, f1)
counts = st.builds(Counts, *[st.integers(0, 10**9)] * 3)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (Counts(0, 0, 0), (math.nan,) * 5),
        (Counts(0, 4, 0), (0, 0, 0, math.nan, 0)),
        (Counts(0, 0, 4), (0, 0, math.nan, 0, 0)),
        (Counts(0, 4, 4), (0, 0, 0, 0, 0)),
        (Counts(4, 0, 0), (1, 1, 1, 1, 1)),
        (Counts(2, 1, 2), (4 / 7, 2 / 5, 2 / 3, 1 / 2, 4 / 7)),
    ],
)
def test_the_table_of_empty_masks_holds(held, expected):
    np.testing.assert_equal([measure(held) for measure in MEASURES], expected)


@given(counts)
def test_dice_is_twice_jaccard_over_one_plus_jaccard(held):
    np.testing.assert_allclose(dice(held), 2 * jaccard(held) / (1 + jaccard(held)), rtol=1e-12)


@given(counts)
def test_f1_is_the_harmonic_mean_of_precision_and_recall(held):
    p, r = precision(held), recall(held)
    if p > 0 and r > 0:
        np.testing.assert_allclose(f1(held), 2 * p * r / (p + r), rtol=1e-12)


@given(counts)
def test_swapping_the_masks_swaps_precision_and_recall_only(held):
    swapped = Counts(held.tp, held.fn, held.fp)
    expected = [dice(held), jaccard(held), recall(held), precision(held), f1(held)]
    np.testing.assert_equal([measure(swapped) for measure in MEASURES], expected)


@given(st.lists(counts))
def test_counts_add_field_by_field(many):
    total = sum(many, Counts())
    assert (total.tp, total.fp, total.fn) == tuple(
        sum(getattr(c, name) for c in many) for name in ("tp", "fp", "fn")
    )


def test_measures_agree_with_monai():
    torch = pytest.importorskip("torch")
    from monai.metrics import compute_dice, compute_iou
    from monai.metrics.confusion_matrix import compute_confusion_matrix_metric, get_confusion_matrix

    pred, truth = np.random.default_rng(0).random((2, 1, 1, 9, 8, 7)) < 0.4
    held = count_voxels(pred[0, 0], truth[0, 0])
    y_pred, y = torch.from_numpy(pred).float(), torch.from_numpy(truth).float()
    matrix = get_confusion_matrix(y_pred, y)
    assert dice(held) == pytest.approx(compute_dice(y_pred, y).item())
    assert jaccard(held) == pytest.approx(compute_iou(y_pred, y).item())
    for measure in (precision, recall):
        assert measure(held) == pytest.approx(
            compute_confusion_matrix_metric(measure.__name__, matrix).item()
        )


def test_measures_agree_with_panoptica(panoptica_cases):
    for case in panoptica_cases:
        held = count_voxels(case["pred"], case["truth"])
        assert (dice(held), jaccard(held)) == pytest.approx((case["dice"], case["jaccard"])), case["name"]


def test_collapse_is_no_prediction_where_there_is_truth():
    assert is_collapsed(Counts(fn=1))
    assert not is_collapsed(Counts(fp=1, fn=1))
    assert not is_collapsed(Counts())


def test_negative_counts_are_refused():
    with pytest.raises(UsageError, match="expected counts of 0 or more"):
        Counts(tp=-1)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, int])
def test_masks_that_are_not_boolean_are_refused(dtype):
    with pytest.raises(UsageError, match=r"pred has dtype .* expected bool"):
        count_voxels(np.ones((2, 2), dtype), np.ones((2, 2), bool))


@pytest.mark.parametrize(
    "shapes", [((2, 2), (2, 3)), ((4,), (4,)), ((1, 1, 2, 2), (1, 1, 2, 2)), ((0, 2), (0, 2))]
)
def test_masks_of_unequal_or_unscorable_shapes_are_refused(shapes):
    with pytest.raises(ImageError, match="expected"):
        count_voxels(*(np.ones(shape, bool) for shape in shapes))
