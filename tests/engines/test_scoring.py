"""Scores of one method over scans, worked out by hand."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from monai_mri.engines.scoring import Method, printed_table, scores_table

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
