"""Volumes from slices, against the same volume scored as a whole."""

from __future__ import annotations

import csv
from math import isnan

import numpy as np
import pytest

from monai_mri.engines.slice_scores import score_slice
from monai_mri.engines.volume_scores import score_volumes, summarise_volumes, volumes_table
from monai_mri.errors import ManifestError
from monai_mri.metrics import segmentation_scores

SPACING = (1.0, 2.0, 5.0)
RNG = np.random.default_rng(4)
TRUTH = np.zeros((12, 10, 5), dtype=bool)
TRUTH[3:8, 2:7, 1:4] = True
PRED = np.roll(TRUTH, (1, 1), axis=(0, 2)) & (RNG.random(TRUTH.shape) > 0.1)


def cut(pred, truth, name="a", *, order=None, keep=True):
    return [
        score_slice(
            pred[..., k],
            truth[..., k],
            sample_id=f"{name}{k}",
            subject_id=name,
            volume=(name,),
            index=k,
            keep_masks=keep,
        )
        for k in (range(truth.shape[2]) if order is None else order)
    ]


def test_volume_from_slices_in_any_order_scores_as_the_whole():
    (found,) = score_volumes(cut(PRED, TRUTH, order=[3, 0, 4, 1, 2]), spacing_mm={("a",): SPACING})
    wanted = segmentation_scores(PRED, TRUTH, spacing_mm=SPACING)
    for name in ("dice", "jaccard", "precision", "recall", "hd_mm", "hd95_mm", "assd_mm"):
        assert found.scores[name] == pytest.approx(wanted[name])
    assert found.without_mm == ""


def test_dice_of_a_volume_is_not_the_mean_over_its_slices():
    slices = cut(PRED, TRUTH)
    (found,) = score_volumes(slices)
    defined = [one.scores["dice"] for one in slices if not isnan(one.scores["dice"])]
    assert found.scores["dice"] != pytest.approx(np.mean(defined), abs=0.02)


def test_volume_difference_is_relative_to_the_truth():
    half = TRUTH.copy()
    half[..., 3] = False
    (found,) = score_volumes(cut(half, TRUTH), spacing_mm={("a",): SPACING})
    assert found.scores["volume_difference"] == pytest.approx(-1 / 3)
    assert found.scores["volume_error"] == pytest.approx(1 / 3)
    assert found.amounts["truth_voxels"] == 75
    assert found.amounts["truth_ml"] == pytest.approx(75 * 10 / 1000)


def test_unknown_voxel_size_leaves_distances_and_ml_undefined():
    (found,) = score_volumes(cut(PRED, TRUTH, keep=False))
    assert isnan(found.scores["hd_mm"])
    assert isnan(found.amounts["pred_ml"])
    assert found.without_mm == "voxel size unknown"


@pytest.mark.parametrize(("order", "expected"), [([0, 1, 3, 4], ()), ([0, 1, 2, 3], range(5))])
def test_missing_slice_is_counted_and_leaves_distances_undefined(order, expected):
    (found,) = score_volumes(
        cut(PRED, TRUTH, order=order), spacing_mm={("a",): SPACING}, expected={("a",): expected}
    )
    assert (found.slices, found.missing, found.without_mm) == (4, 1, "slices missing")
    assert isnan(found.scores["hd_mm"])
    assert found.scores["dice"] > 0


@pytest.mark.parametrize("spacing", [{("a",): SPACING}, {}], ids=["known", "unknown"])
def test_slices_of_unequal_size_have_no_score_and_no_amount_and_that_is_said(spacing):
    small = cut(PRED[:-1], TRUTH[:-1], order=[1])
    (found,) = score_volumes([*cut(PRED, TRUTH, order=[2, 3]), *small], spacing_mm=spacing)
    assert found.without_mm == "slices of unequal size, nor overlaps"
    assert all(isnan(value) for value in (*found.scores.values(), *found.amounts.values()))
    summary = summarise_volumes([found])
    assert (summary["scores"]["dice"]["n"], summary["scores"]["dice"]["undefined"]) == (0, 1)
    assert summary["without_mm"] == {"slices of unequal size, nor overlaps": 1}


def test_two_slices_at_one_place_are_refused():
    with pytest.raises(ManifestError, match=r"volume a: slice 2 stands there twice \(a2, a2\)"):
        score_volumes(cut(PRED, TRUTH, order=[2, 2]))


def test_summary_counts_what_became_of_each_volume():
    nothing = np.zeros_like(TRUTH)
    pairs = {
        "hit": (PRED, TRUTH),
        "miss": (nothing, TRUTH),
        "false": (PRED, nothing),
        "none": (nothing, nothing),
    }
    slices = [one for name, (pred, truth) in pairs.items() for one in cut(pred, truth, name)]
    found = summarise_volumes(score_volumes(slices))
    fates = ("scored", "missed", "falsely_found", "both_empty")
    assert [found[fate] for fate in fates] == [1, 1, 1, 1]
    assert found["volumes"] == 4
    dice = found["scores"]["dice"]
    assert (dice["n"], dice["undefined"]) == (3, 1)  # both empty: undefined; missed and false: 0
    assert found["scores"]["volume_error"]["n"] == 2
    assert found["without_mm"] == {"voxel size unknown": 4}


def test_empty_mask_is_the_reason_where_nothing_else_is():
    nothing = np.zeros_like(TRUTH)
    (found,) = score_volumes(cut(nothing, TRUTH), spacing_mm={("a",): SPACING})
    assert found.without_mm == "a mask is empty"


def test_slices_without_a_volume_are_passed_over():
    alone = score_slice(PRED[..., 2], TRUTH[..., 2], sample_id="x", subject_id="x")
    assert score_volumes([alone]) == []
    assert summarise_volumes([])["volumes"] == 0


def test_table_has_a_line_a_volume_with_the_reason_of_what_is_undefined():
    (row,) = csv.DictReader(volumes_table(score_volumes(cut(PRED, TRUTH))).splitlines())
    assert (row["volume"], row["slices"], row["missing_slices"]) == ("a", "5", "0")
    assert (row["hd_mm"], row["without_mm"]) == ("", "voxel size unknown")
