from __future__ import annotations

import numpy as np

from monai_mri.engines.pipeline.choice import choose_slices_to_draw
from monai_mri.engines.pipeline.decision import decide_slices
from monai_mri.engines.pipeline.scan import SliceFacts


def facts(subject, tumor, area=None):
    return SliceFacts("s", subject, 0, None, "", tumor, area)


def test_the_plainest_mistakes_come_first():
    slices = [facts("a", True, 3), facts("a", True, 9), facts("b", False, 0), facts("b", False, 0)]
    decision = decide_slices(["x"], np.array([[0.1, 0.2, 0.6, 0.9]]), by="vote")
    found = choose_slices_to_draw(slices, decision, at_most=2)
    assert (found.missed, found.false) == ([1, 0], [3, 2])
    assert choose_slices_to_draw(slices, decision, at_most=1).missed == [1]


def test_marks_are_shown_of_as_many_subjects_as_possible_the_largest_tumour_of_each():
    slices = [facts("a", True, area) for area in (5, 50, 40)] + [facts("b", True, 2), facts("c", True, 30)]
    decision = decide_slices(["x"], np.full((1, 5), 0.9), by="vote")
    assert choose_slices_to_draw(slices, decision, at_most=3).marked == [1, 3, 4]
    assert choose_slices_to_draw(slices, decision, at_most=4).marked == [1, 2, 3, 4]
    assert choose_slices_to_draw(slices, decision, at_most=2).marked == [1, 3]


def test_without_truth_the_surest_are_shown_and_none_is_a_mistake():
    slices = [facts("a", None)] * 3
    decision = decide_slices(["x"], np.array([[0.6, 0.9, 0.1]]), by="vote")
    found = choose_slices_to_draw(slices, decision, at_most=1)
    assert (found.marked, found.missed, found.false) == ([1], [], [])


def test_what_the_voters_dispute_comes_with_the_least_sure_first():
    chances = np.array([[0.9, 0.6, 0.9], [0.9, 0.45, 0.2]])
    decision = decide_slices(["x", "y"], chances, by="vote")
    assert choose_slices_to_draw([facts("a", None)] * 3, decision, at_most=5).unsure == [1, 2]


def test_nothing_is_chosen_where_nothing_is_drawn():
    decision = decide_slices(["x", "y"], np.array([[0.9], [0.1]]), by="vote")
    found = choose_slices_to_draw([facts("a", True, 3)], decision, at_most=0)
    assert (found.missed, found.false, found.marked, found.unsure) == ([], [], [], [])
