from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from monai_mri.errors import UsageError
from monai_mri.metrics import agreement, majority_vote, mean_probability


def tables(voters: int, rows: int, classes: int, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(classes), size=(voters, rows))


def counted_vote(rows: np.ndarray) -> tuple[int, bool]:
    """The winner among the voters of one row, counted one by one."""
    votes = Counter(int(row.argmax()) for row in rows)
    most = max(votes.values())
    leaders = sorted(name for name, count in votes.items() if count == most)
    return max(leaders, key=lambda name: (rows[:, name].mean(), -name)), len(leaders) > 1


@pytest.mark.parametrize(("voters", "classes"), [(3, 2), (3, 4), (4, 2), (1, 3)])
def test_the_vote_is_that_of_a_count_by_hand(voters, classes):
    given = tables(voters, 200, classes)
    found = majority_vote(given)
    expected = [counted_vote(given[:, row]) for row in range(200)]
    assert [
        (int(place), bool(tied)) for place, tied in zip(found.places, found.tied, strict=True)
    ] == expected
    assert found.votes.sum(axis=1).tolist() == [voters] * 200


def test_three_voters_of_two_classes_never_tie():
    assert not majority_vote(tables(3, 500, 2)).tied.any()


def test_the_majority_can_be_another_than_the_mean_says():
    given = [[[0.99, 0.01]], [[0.45, 0.55]], [[0.45, 0.55]]]
    assert majority_vote(given).places.tolist() == [1]
    assert mean_probability(given).argmax(axis=1).tolist() == [0]


def test_a_tie_goes_to_the_class_that_is_more_probable_on_average():
    surer = [[[0.3, 0.7]], [[0.6, 0.4]]]
    found = majority_vote(surer)
    assert (found.places.tolist(), found.tied.tolist()) == ([1], [True])
    even = [[[0.25, 0.75]], [[0.75, 0.25]]]
    assert majority_vote(even).places.tolist() == [0]


def test_a_class_outside_the_tie_does_not_win_it_by_its_mean():
    given = [[[0.36, 0.30, 0.34]], [[0.30, 0.36, 0.34]]]
    assert majority_vote(given).places.tolist() == [0]


def test_no_row_gives_an_empty_vote():
    found = majority_vote(np.zeros((3, 0, 2)))
    assert found.places.shape == (0,)
    assert mean_probability(np.zeros((3, 0, 2))).shape == (0, 2)


@pytest.mark.parametrize("given", [np.zeros((0, 4, 2)), np.ones((3, 4)), np.full((3, 4, 2), 0.4)])
def test_what_is_no_table_of_voters_is_refused(given):
    with pytest.raises(UsageError):
        majority_vote(given)


# Ten subjects, fourteen raters, five categories: the worked example of Fleiss' kappa in textbooks.
EXAMPLE = (
    """0 0 0 0 14;0 2 6 4 2;0 0 3 5 6;0 3 9 2 0;2 2 8 1 1;7 7 0 0 0;3 2 6 3 0;2 5 3 2 2;6 5 2 1 0;0 2 2 3 7"""
)


def test_fleiss_kappa_of_the_textbook_example_is_0_21():
    counts = np.array([[int(cell) for cell in row.split()] for row in EXAMPLE.split(";")])
    labels = np.array([np.repeat(np.arange(5), row) for row in counts]).T
    assert agreement(labels, range(5)).kappa == pytest.approx(0.210, abs=5e-4)


def test_agreement_is_that_of_all_pairs_of_voters():
    labels = np.random.default_rng(3).integers(3, size=(4, 60))
    pairs = np.mean([labels[a] == labels[b] for a, b in combinations(range(4), 2)])
    shares = np.bincount(labels.reshape(-1), minlength=3) / labels.size
    found = agreement(labels, [0, 1, 2])
    assert found.kappa == pytest.approx((pairs - (shares**2).sum()) / (1 - (shares**2).sum()))
    assert found.unanimous == np.mean((labels == labels[0]).all(axis=0))
    assert (found.rows, found.voters) == (60, 4)


def test_kappa_is_undefined_where_one_class_is_all_that_is_said():
    found = agreement([["a", "a"], ["a", "a"]], ["a", "b"])
    assert found.unanimous == 1.0
    assert np.isnan(found.kappa)


def test_agreement_without_rows_is_undefined_and_of_one_voter_refused():
    assert np.isnan(agreement(np.zeros((2, 0), int), [0, 1]).unanimous)
    with pytest.raises(UsageError, match="two voters or more"):
        agreement([["a", "b"]], ["a", "b"])
