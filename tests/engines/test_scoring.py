"""Scores of one method over scans, worked out by hand."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from monai_mri.engines.scoring import Method, printed_slices, printed_table, scores_table
from monai_mri.engines.slice_scores import score_slice, summarise_slices
from monai_mri.engines.volume_scores import score_volumes, summarise_volumes

TRUTH = np.zeros((6, 6), dtype=bool)
TRUTH[1:3, 1:3] = True
HALF = np.where(TRUTH, 0.9, 0.1).astype(np.float32)
HALF[1] = 0.1


@pytest.fixture
def method():
    return Method("network", "Network at 0.5", "pred", 0.5)


def test_pooled_figures_are_those_of_all_voxels_together(method):
    method.score(HALF, TRUTH, spacing_mm=(1.0, 1.0), min_size=1)
    method.score(np.where(TRUTH, 0.9, 0.1).astype(np.float32), TRUTH, spacing_mm=(1.0, 1.0), min_size=1)
    summary = method.summary()
    assert summary["pooled"]["recall"] == 6 / 8
    assert summary["pooled"]["precision"] == 1.0
    assert summary["per_scan"]["recall"]["mean"] == pytest.approx((0.5 + 1) / 2)
    assert summary["lesions"]["truth"] == 2


def test_threshold_that_is_undefined_marks_nothing():
    method = Method("network", "collapsed", "pred", float("nan"))
    method.score(HALF, TRUTH, spacing_mm=None, min_size=1)
    assert method.summary()["collapsed"]
    assert "    -" in printed_table([method])[1]


def test_table_has_a_line_a_scan_and_empty_cells_for_what_is_undefined(method):
    method.score(HALF, TRUTH, spacing_mm=None, min_size=1)
    (row,) = csv.DictReader(scores_table([method], [{"sample_id": "a", "subject_id": "b"}]).splitlines())
    assert row["hd_mm"] == ""
    counts = [row[f"voxels_{kind}"] for kind in ("true_positive", "false_positive", "false_negative")]
    assert counts == ["2", "0", "2"]


def test_specks_below_the_size_are_no_lesions(method):
    speck = np.where(TRUTH, 0.9, 0.1).astype(np.float32)
    speck[5, 5] = 0.9
    method.score(speck, TRUTH, spacing_mm=(1.0, 1.0), min_size=2)
    assert method.lesions.false == 0


def test_lines_of_slices_say_what_was_left_out():
    empty = np.zeros_like(TRUTH)
    pairs = [(TRUTH, TRUTH), (empty, TRUTH), (TRUTH, empty), (empty, empty)]
    slices = [
        score_slice(pred, truth, sample_id=f"a{n}", subject_id="a", volume=("a",), index=n)
        for n, (pred, truth) in zip((0, 1, 2, 5), pairs, strict=True)
    ]
    volumes = summarise_volumes(score_volumes(slices))
    lines = printed_slices(summarise_slices(slices) | {"per_volume": {"slices_without_volume": 0} | volumes})
    assert lines[0] == "slices with lesion, 2 of 1 subjects; nothing marked in 1"
    assert "  Dice     0.500 ± 0.707, n 2" in lines
    assert "  HD       0.0 px, n 1, undefined in 1" in lines
    assert "slices without: 1 of 2 falsely marked, 4 pixels in the mean" in lines
    assert any(line.startswith("volumes, 1 of 1 subjects: 1 scored, 0 missed") for line in lines)
    assert lines[-1] == "note: 2 slices are missing in 1 of 1 volumes and were not scored"


def test_volumes_without_scores_are_said():
    slices = [
        score_slice(part, part, sample_id="a", subject_id="a", volume=("a",), index=n)
        for n, part in enumerate((TRUTH, TRUTH[:, 1:]))
    ]
    volumes = summarise_volumes(score_volumes(slices))
    lines = printed_slices(summarise_slices(slices) | {"per_volume": {"slices_without_volume": 0} | volumes})
    assert lines[-1] == "note: 1 of 1 volumes have no scores, since their slices differ in size"


def test_no_lines_where_slices_were_not_looked_at():
    assert printed_slices({"methods": []}) == []
