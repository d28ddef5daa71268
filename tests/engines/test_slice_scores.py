"""Slices, worked out by hand: 2 x 2 squares that lie on each other, beside each other, or alone."""

from __future__ import annotations

import csv
from math import isnan, sqrt

import numpy as np
import pytest

from monai_mri.engines.slice_scores import PackedMasks, score_slice, slices_table, summarise_slices
from monai_mri.errors import ImageError
from monai_mri.metrics import Counts

EMPTY = np.zeros((9, 7), dtype=bool)


def square(row: int, column: int) -> np.ndarray:
    mask = EMPTY.copy()
    mask[row : row + 2, column : column + 2] = True
    return mask


def scored(pred, truth, subject="a", **settings):
    return score_slice(pred, truth, sample_id=f"{subject}_1", subject_id=subject, **settings)


def test_distances_are_in_pixels_and_undefined_in_mm_without_a_pixel_size():
    one = scored(square(1, 1), square(4, 1))
    assert (one.scores["hd_px"], one.scores["assd_px"]) == (3.0, 2.5)
    assert all(isnan(one.scores[name]) for name in ("hd_mm", "hd95_mm", "assd_mm"))


def test_pixels_and_mm_differ_by_the_pixel_size_of_each_axis():
    one = scored(square(1, 1), square(4, 3), spacing_mm=(0.5, 2.0))
    assert one.scores["hd_px"] == pytest.approx(sqrt(3**2 + 2**2))
    assert one.scores["hd_mm"] == pytest.approx(sqrt(1.5**2 + 4**2))


def test_nothing_marked_on_a_lesion_has_dice_zero_and_no_distance():
    one = scored(EMPTY, square(1, 1))
    assert one.scores["dice"] == one.scores["jaccard"] == one.scores["recall"] == 0
    assert isnan(one.scores["hd_px"])
    assert isnan(one.scores["precision"])


def test_means_are_over_slices_with_a_lesion_and_the_missed_ones_among_them_count_as_zero():
    slices = [scored(square(1, 1), square(1, 1)), scored(EMPTY, square(1, 1)), scored(square(3, 3), EMPTY)]
    found = summarise_slices(slices)["per_slice"]
    assert (found["slices"], found["missed"], found["subjects"]) == (2, 1, 1)
    assert (found["scores"]["dice"]["value"], found["scores"]["dice"]["n"]) == (0.5, 2)
    assert (found["scores"]["hd_px"]["value"], found["scores"]["hd_px"]["n"]) == (0.0, 1)
    assert found["scores"]["hd_px"]["undefined"] == 1


def test_slices_without_a_lesion_are_reported_apart():
    slices = [scored(square(3, 3), EMPTY), scored(EMPTY, EMPTY), scored(EMPTY, EMPTY), scored(EMPTY, EMPTY)]
    found = summarise_slices(slices)["lesion_free"]
    assert (found["slices"], found["falsely_marked"]) == (4, 1)
    assert found["share"]["value"] == 0.25
    assert found["area_px"]["value"] == 4.0


def test_without_a_lesion_anywhere_the_means_are_undefined():
    found = summarise_slices([scored(EMPTY, EMPTY)])["per_slice"]
    assert found["slices"] == 0
    assert isnan(found["scores"]["dice"]["value"])


def test_intervals_draw_subjects():
    slices = [scored(square(1, 1), square(1, 1 + n % 2), subject=f"s{n % 6}") for n in range(24)]
    dice = summarise_slices(slices, draws=200)["per_slice"]["scores"]["dice"]
    assert dice["low"] < dice["value"] < dice["high"]
    assert isnan(summarise_slices(slices[:4])["per_slice"]["scores"]["dice"]["low"])


def test_table_has_empty_cells_for_what_is_undefined():
    one = scored(EMPTY, square(1, 1), volume=("a", "2"), index=7)
    (row,) = csv.DictReader(slices_table([one]).splitlines())
    assert (row["volume"], row["slice_index"], row["dice"], row["hd_px"]) == ("a_2", "7", "0", "")
    assert row["voxels_false_negative"] == "4"


def test_masks_are_kept_bit_by_bit():
    rng = np.random.default_rng(0)
    pred, truth = rng.random((2, 5, 7)) > 0.5
    for kept, mask in zip(PackedMasks.of(pred, truth).unpacked(), (pred, truth), strict=True):
        np.testing.assert_array_equal(kept, mask)


def test_counts_are_of_pixels():
    assert scored(square(1, 1), square(1, 2)).counts == Counts(tp=2, fp=2, fn=2)


def test_masks_of_two_sizes_are_refused():
    with pytest.raises(ImageError, match="expected the same"):
        scored(EMPTY, EMPTY[1:])
