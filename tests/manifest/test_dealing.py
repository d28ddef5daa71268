from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold

from monai_mri.errors import ManifestError
from monai_mri.manifest.dealing import deal_folds, deal_shares

STRATA = st.dictionaries(
    st.text("abc0123", min_size=1, max_size=4),
    st.sampled_from([("a",), ("b",), ("c",)]),
    min_size=6,
    max_size=60,
)


def count(parts, strata, part) -> Counter:
    return Counter(strata[unit] for unit, found in parts.items() if found == part)


@given(strata=STRATA, test=st.floats(0.05, 0.45), validation=st.floats(0.05, 0.45), seed=st.text(max_size=3))
def test_shares_are_within_one_unit_and_strata_in_proportion(strata, test, validation, seed):
    parts = deal_shares(strata, test=test, validation=validation, fixed={}, seed=seed)
    assert parts.keys() == strata.keys()
    sizes = Counter(parts.values())
    assert abs(sizes["test"] - test * len(strata)) <= 1
    assert abs(sizes["validation"] - validation * len(strata)) <= 1
    for stratum, size in Counter(strata.values()).items():
        exact = sizes["test"] * size / len(strata)
        assert count(parts, strata, "test")[stratum] in {math.floor(exact), math.ceil(exact)}


@given(strata=STRATA, folds=st.integers(2, 6), seed=st.text(max_size=3))
def test_every_unit_is_tested_once_in_folds_of_equal_size(strata, folds, seed):
    dealt = deal_folds(strata, folds=folds, validation=0, fixed={}, seed=seed)
    tested = [[unit for unit, part in parts.items() if part == "test"] for parts in dealt]
    assert sorted(unit for units in tested for unit in units) == sorted(strata)
    assert max(map(len, tested)) - min(map(len, tested)) <= 1


@given(strata=STRATA, seed=st.text(max_size=3), random=st.randoms(use_true_random=False))
def test_the_order_of_units_does_not_matter(strata, seed, random):
    shuffled = list(strata.items())
    random.shuffle(shuffled)
    settings = {"validation": 0.2, "fixed": {}, "seed": seed}
    assert deal_shares(strata, test=0.2, **settings) == deal_shares(dict(shuffled), test=0.2, **settings)
    assert deal_folds(strata, folds=3, **settings) == deal_folds(dict(shuffled), folds=3, **settings)


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(5, 30), min_size=1, max_size=3), folds=st.integers(2, 5))
def test_folds_hold_as_many_of_each_stratum_as_scikit_learn_allots(sizes, folds):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    strata = {f"{number:03}": (str(label),) for number, label in enumerate(labels)}
    dealt = deal_folds(strata, folds=folds, validation=0, fixed={}, seed="0")
    ours = [count(parts, strata, "test") for parts in dealt]
    theirs = [Counter(labels[test]) for _, test in StratifiedKFold(folds).split(labels, labels)]
    for label in range(len(sizes)):
        assert sorted(one[str(label),] for one in ours) == sorted(one[label] for one in theirs)


def test_a_rare_stratum_is_not_left_out_of_a_small_part():
    strata = {f"{number:02}": ("rare",) if number < 3 else ("common",) for number in range(30)}
    for seed in range(10):
        parts = deal_shares(strata, test=0.1, validation=0.1, fixed={}, seed=str(seed))
        assert count(parts, strata, "test")["rare",] == count(parts, strata, "validation")["rare",] == 1


def test_the_draw_is_the_same_on_every_platform():
    strata = {f"sub-{number:02}": () for number in range(10)}
    parts = deal_shares(strata, test=0.2, validation=0.1, fixed={}, seed="0/0")
    held_out = {unit: part for unit, part in parts.items() if part != "train"}
    assert held_out == {"sub-00": "test", "sub-03": "validation", "sub-07": "test"}


def test_fixed_units_keep_their_part_and_count_for_it():
    strata = dict.fromkeys("abcd", ())
    parts = deal_shares(strata, test=0.05, validation=0.25, fixed={"x": "test", "y": "train"}, seed="0")
    assert (parts["x"], parts["y"]) == ("test", "train")
    assert Counter(parts.values()) == {"test": 1, "validation": 1, "train": 4}


def test_more_folds_than_units_are_refused():
    with pytest.raises(ManifestError, match=r"2 subjects for 3 folds.*E602"):
        deal_folds({"a": (), "b": ()}, folds=3, validation=0, fixed={}, seed="0")
