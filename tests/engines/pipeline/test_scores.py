from __future__ import annotations

import numpy as np
import pytest

from monai_mri.engines.pipeline.decision import decide_slices
from monai_mri.engines.pipeline.masks import Marked
from monai_mri.engines.pipeline.scan import SliceFacts
from monai_mri.engines.pipeline.scores import (
    classification_scores,
    counts_of,
    outcome,
    segmentation_scores_of,
)
from monai_mri.metrics import Counts


def facts(subject, tumor, area):
    return SliceFacts("s", subject, 0, None, "", tumor, area)


SLICES = [
    facts("a", True, 10),  # found, half of it
    facts("a", True, 10),  # missed by the classifiers
    facts("b", False, 0),  # falsely found, and marked
    facts("b", False, 0),
    facts("c", True, None),  # no mask
    facts("d", None, None),  # nothing known
]
DECISION = decide_slices(["x"], np.array([[0.9, 0.1, 0.8, 0.2, 0.7, 0.9]]), by="vote")
MARKED = Marked(0.5, areas={0: 10, 2: 4, 4: 3, 5: 3}, counts={0: Counts(5, 5, 5), 2: Counts(fp=4)})


def test_a_slice_that_was_not_segmented_is_missed_as_a_whole():
    assert counts_of(SLICES, DECISION, MARKED) == [
        Counts(5, 5, 5),
        Counts(fn=10),
        Counts(fp=4),
        Counts(),
        None,
        None,
    ]


def test_missed_slices_count_as_0_and_subjects_as_a_whole():
    found = segmentation_scores_of(SLICES, DECISION, MARKED, draws=10, seed=0)
    assert found["tumor_slices"]["dice"]["value"] == pytest.approx((0.5 + 0) / 2)
    assert found["segmented_tumor_slices"]["jaccard"]["value"] == pytest.approx(5 / 15)
    assert (found["missed"], found["false_slices"]) == (1, 1)
    assert found["subjects"]["dice"]["value"] == pytest.approx(2 * 5 / (2 * 5 + 5 + 15))
    assert found["subjects"]["dice"]["n"] == 1
    assert (found["subjects_without_tumor"], found["false_subjects"]) == (1, 1)
    assert found["subjects_incomplete"] == 2


def test_few_subjects_have_no_interval_and_many_have_one():
    few = segmentation_scores_of(SLICES, DECISION, MARKED, draws=10, seed=0)
    assert np.isnan(few["tumor_slices"]["dice"]["low"])
    slices = [facts(str(number), True, 10) for number in range(6)]
    decision = decide_slices(["x"], np.full((1, 6), 0.9), by="vote")
    marked = Marked(0.5, counts={number: Counts(number, 0, 10 - number) for number in range(6)})
    score = segmentation_scores_of(slices, decision, marked, draws=200, seed=0)["tumor_slices"]["dice"]
    assert score["low"] < score["value"] < score["high"]


def test_without_truth_nothing_is_scored():
    nothing = [facts("d", None, None)]
    decision = decide_slices(["x"], np.array([[0.9]]), by="vote")
    assert segmentation_scores_of(nothing, decision, Marked(0.5), draws=5, seed=0) is None
    assert classification_scores(nothing, decision, ("no", "yes"), draws=5, seed=0) is None
    assert outcome(nothing[0], tumor=True) == ""


def test_the_classes_of_slices_that_are_known_are_scored_for_each_voter():
    found = classification_scores(SLICES, DECISION, ("no", "yes"), draws=5, seed=0)
    assert found["slices"] == 5
    assert found["outcomes"] == {"TP": 2, "FP": 1, "FN": 1, "TN": 1}
    assert list(found["report"]) == ["x", "vote", "mean"]
    assert found["report"]["x"]["classes"]["yes"]["recall"] == pytest.approx(2 / 3)
