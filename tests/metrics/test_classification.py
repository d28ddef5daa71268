from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from monai_mri.errors import UsageError
from monai_mri.metrics.classification import binary_auc, classification_scores

MEANS = ("auc", "balanced_accuracy", "macro_f1")


def _rows(size: int, *, n: int = 80, decimals: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Every class at least once, and probabilities with many ties."""
    rng = np.random.default_rng(seed)
    truth = np.r_[np.arange(size), rng.integers(size, size=n - size)]
    return truth, rng.multinomial(10**decimals, rng.dirichlet(np.ones(size), n)) / 10**decimals


@pytest.mark.parametrize("size", [2, 3, 5])
def test_scores_agree_with_scikit_learn(size):
    truth, table = _rows(size)
    scores = classification_scores(truth, table, classes=range(size))
    predicted, labels = table.argmax(axis=1), list(range(size))
    assert scores["accuracy"] == pytest.approx(oracle.accuracy_score(truth, predicted))
    assert scores["balanced_accuracy"] == pytest.approx(oracle.balanced_accuracy_score(truth, predicted))
    assert scores["macro_f1"] == pytest.approx(oracle.f1_score(truth, predicted, average="macro"))
    one_against_rest = [oracle.roc_auc_score(truth == k, table[:, k]) for k in labels]
    assert scores["auc"] == pytest.approx(np.mean(one_against_rest))
    recalls = oracle.recall_score(truth, predicted, average=None, labels=labels)
    found = scores["sensitivity"]
    assert (list(found.values()) if size > 2 else found) == pytest.approx(recalls if size > 2 else recalls[1])
    for k in labels:
        about = classification_scores(truth, table, classes=labels, positive=k)
        expected = oracle.recall_score(truth != k, predicted != k)
        assert about["specificity"] == pytest.approx(expected)


def test_one_class_leaves_auc_and_means_over_classes_undefined():
    scores = classification_scores([1, 1], [[0.2, 0.8], [0.6, 0.4]], classes=[0, 1])
    assert scores["accuracy"] == scores["sensitivity"] == 0.5
    assert all(isnan(scores[name]) for name in (*MEANS, "specificity"))


def test_a_class_absent_from_the_truth_leaves_means_undefined_and_the_others_defined():
    table = [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]]
    scores = classification_scores(["a", "b", "b"], table, classes=["a", "b", "c"])
    assert all(isnan(scores[name]) for name in MEANS)
    assert scores["sensitivity"] == pytest.approx({"a": 1, "b": 0.5, "c": np.nan}, nan_ok=True)
    assert scores["specificity"]["c"] == pytest.approx(2 / 3)
    assert scores["counts"] == {"a": 1, "b": 2, "c": 0}


def test_no_rows_are_undefined():
    scores = classification_scores([], np.empty((0, 2)), classes=[0, 1])
    assert scores.pop("n") == 0
    assert scores.pop("counts") == {"0": 0, "1": 0}
    assert all(isnan(value) for value in scores.values())


def test_brier_and_ece_by_hand():
    scores = classification_scores(["a", "b"], [[0.8, 0.2], [0.4, 0.6]], classes=["a", "b"])
    assert scores["brier"] == pytest.approx(0.2)
    assert scores["ece"] == pytest.approx(0.3)


def test_a_certain_and_wrong_answer_costs_a_finite_log_loss():
    scores = classification_scores([0], [[0.0, 1.0]], classes=[0, 1])
    assert scores["log_loss"] == pytest.approx(-np.log(1e-12))


@settings(max_examples=60, deadline=None)
@given(
    size=st.sampled_from([2, 3, 5]), n=st.integers(5, 40), decimals=st.integers(1, 3), seed=st.integers(0, 99)
)
def test_the_order_of_rows_changes_nothing(size, n, decimals, seed):
    truth, table = _rows(size, n=n, decimals=decimals, seed=seed)
    order = np.random.default_rng(seed + 1).permutation(n)
    first = classification_scores(truth, table, classes=range(size))
    second = classification_scores(truth[order], table[order], classes=range(size))
    for name, value in first.items():
        assert second[name] == pytest.approx(value, nan_ok=True), name


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), max_size=20))
def test_the_auc_counts_pairs_and_ties_half(rows):
    ups, downs = ([score for kind, score in rows if kind is wanted] for wanted in (True, False))
    pairs = [(up > down) + 0.5 * (up == down) for up in ups for down in downs]
    found = binary_auc([kind for kind, _ in rows], [score for _, score in rows])
    assert found == pytest.approx(np.mean(pairs) if pairs else np.nan, nan_ok=True)


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ([[0.5, np.nan]], "1 of 1 rows hold nan"),
        ([[-0.1, 1.1]], "from -0.1 to 1.1"),
        ([[0.5, 0.4]], "row 0 adds up to 0.9"),
        ([[1.0]], "shape"),
        ([[0.5, 0.5], [0.5, 0.5]], "shape"),
        ([[0.2, 0.3, 0.5]], "3 columns and 2 classes"),
    ],
)
def test_what_are_no_probabilities_is_refused(table, found):
    with pytest.raises(UsageError, match=found):
        classification_scores(["a"], table, classes=["a", "b"])


def test_an_unknown_positive_class_is_refused():
    with pytest.raises(UsageError, match="none of the 2 classes"):
        classification_scores(["a"], [[1, 0]], classes=["a", "b"], positive="c")


def test_the_auc_refuses_nan():
    with pytest.raises(UsageError, match="no nan"):
        binary_auc([True, False], [0.1, np.nan])
