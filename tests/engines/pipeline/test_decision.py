from __future__ import annotations

import numpy as np
import pytest

from monai_mri.engines.pipeline.decision import decide_slices
from monai_mri.errors import ConfigError

NAMES = ["a", "b", "c"]
CHANCES = np.array([[0.9, 0.99, 0.1, 0.5], [0.8, 0.4, 0.2, 0.4], [0.7, 0.4, 0.3, 0.4]])


def test_the_majority_and_the_mean_may_decide_differently():
    by_vote = decide_slices(NAMES, CHANCES, by="vote")
    assert by_vote.votes.tolist() == [3, 1, 0, 0]
    assert by_vote.tumor.tolist() == [True, False, False, False]
    assert decide_slices(NAMES, CHANCES, by="mean").tumor.tolist() == [True, True, False, False]
    assert by_vote.disputed.tolist() == [False, True, False, False]


def test_a_chance_of_one_half_is_no_vote():
    found = decide_slices(["a"], np.array([[0.5, 0.51]]), by="vote")
    assert found.said.tolist() == [[False, True]]
    assert found.tumor.tolist() == [False, True]


def test_a_tie_goes_as_the_mean_does():
    found = decide_slices(["a", "b"], np.array([[0.9, 0.6], [0.3, 0.1]]), by="vote")
    assert found.ties == 2
    assert found.vote.tolist() == [True, False]


def test_another_way_is_refused():
    with pytest.raises(ConfigError, match="decide: 'luck' found"):
        decide_slices(NAMES, CHANCES, by="luck")
