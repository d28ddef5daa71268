from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest

from monai_mri.errors import UsageError
from monai_mri.metrics.bootstrap import bootstrap_intervals
from monai_mri.metrics.class_summary import summarise_classification
from monai_mri.metrics.classification import classification_scores
from monai_mri.metrics.intervals import wilson_interval

COMMON = ["accuracy", "balanced_accuracy", "sensitivity", "specificity"]
COMMON += ["macro_f1", "auc", "brier", "log_loss", "ece"]


def _rows(size: int, *, n: int = 60) -> tuple[list[str], np.ndarray, list[str]]:
    rng, classes = np.random.default_rng(size), list("abcde")[:size]
    truth = np.r_[np.arange(size), rng.integers(size, size=n - size)]
    return [classes[k] for k in truth], rng.dirichlet(np.ones(size), n), classes


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize(
    "score", ["accuracy", "balanced_accuracy", "macro_f1", "auc", "brier", "log_loss", "ece"]
)
def test_value_and_interval_are_those_of_scoring_each_draw_alone(size, score):
    truth, table, classes = _rows(size)
    groups = np.arange(60) // 3

    def statistic(labels, probabilities):
        return classification_scores(labels, probabilities, classes=classes)[score]

    found = summarise_classification(truth, table, classes=classes, groups=groups, draws=40, seed=5)[score]
    expected = bootstrap_intervals(truth, table, groups, statistic, draws=40, seed=5)
    assert found["value"] == pytest.approx(statistic(truth, table))
    assert (found["low"], found["high"]) == pytest.approx(expected[:2])
    assert (found["undefined_draws"], found["interval"]) == (expected.undefined, "bootstrap by subject")


def test_one_row_a_subject_gives_wilson_to_proportions_only():
    truth, table, classes = _rows(2)
    found = summarise_classification(truth, table, classes=classes, draws=20)
    kinds = {name: score["interval"] for name, score in found.items()}
    proportions = {"accuracy", "sensitivity", "specificity"}
    assert list(kinds) == COMMON
    assert {name for name, kind in kinds.items() if kind == "wilson"} == proportions
    positives = truth.count("b")
    hits = round(found["sensitivity"]["value"] * positives)
    ends = wilson_interval(hits, positives)
    assert (found["sensitivity"]["low"], found["sensitivity"]["high"]) == pytest.approx(ends)
    assert found["specificity"]["n"] == 60 - positives


def test_more_classes_have_rows_of_their_own_and_a_positive_one_only_if_asked():
    truth, table, classes = _rows(3)
    found = summarise_classification(truth, table, classes=classes, draws=20)
    extra = [f"{kind}_{name}" for kind in ("sensitivity", "specificity", "auc") for name in classes]
    assert list(found) == COMMON + extra
    assert isnan(found["sensitivity"]["value"])
    assert found["sensitivity"]["n"] == 0
    asked = summarise_classification(truth, table, classes=classes, positive="b", draws=20)
    assert asked["sensitivity"] == asked["sensitivity_b"]
    assert asked["sensitivity_b"]["n"] == truth.count("b")


def test_the_first_class_as_the_positive_one_swaps_sensitivity_and_specificity():
    truth, table, classes = _rows(2)
    first = summarise_classification(truth, table, classes=classes, positive="a", draws=20)
    second = summarise_classification(truth, table, classes=classes, draws=20)
    assert first["sensitivity"] == second["specificity"]
    assert first["auc"] == second["auc"]


def test_the_order_of_rows_changes_nothing():
    truth, table, classes = _rows(3)
    groups, order = np.arange(60) // 3, np.random.default_rng(0).permutation(60)
    first = summarise_classification(truth, table, classes=classes, groups=groups, draws=30)
    shuffled = np.array(truth)[order]
    second = summarise_classification(shuffled, table[order], classes=classes, groups=groups[order], draws=30)
    for name, score in first.items():
        for part in ("value", "low", "high"):
            assert second[name][part] == pytest.approx(score[part], nan_ok=True), name


def test_a_class_absent_from_the_truth_leaves_its_scores_undefined():
    table = [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]]
    found = summarise_classification(["a", "b", "b"], table, classes=["a", "b", "c"], draws=20)
    for name in ("balanced_accuracy", "macro_f1", "auc", "sensitivity_c", "auc_c"):
        ends = [found[name][part] for part in ("value", "low", "high")]
        assert ends == pytest.approx([nan] * 3, nan_ok=True), name
    assert found["sensitivity_a"]["value"] == 1


def test_no_rows_are_all_undefined_and_one_subject_has_no_interval():
    empty = summarise_classification([], np.empty((0, 2)), classes=["a", "b"], draws=5)
    assert all(isnan(score["value"]) and isnan(score["low"]) and score["n"] == 0 for score in empty.values())
    truth, table, classes = _rows(2, n=10)
    one = summarise_classification(truth, table, classes=classes, groups=["p"] * 10, draws=5)
    assert all(isnan(score["low"]) and not isnan(score["value"]) for score in one.values())


@pytest.mark.parametrize(("subjects", "defined"), [(2, False), (4, False), (5, True)])
def test_fewer_than_five_subjects_have_no_bootstrap_interval(subjects, defined):
    truth, table, classes = _rows(2, n=20)
    groups = np.arange(20) % subjects
    found = summarise_classification(truth, table, classes=classes, groups=groups, draws=50)
    for name in ("accuracy", "log_loss"):
        assert not isnan(found[name]["value"])
        assert [isnan(found[name][end]) for end in ("low", "high")] == [not defined] * 2
    alone = summarise_classification(truth[:3], table[:3], classes=classes, draws=50)
    assert isnan(alone["log_loss"]["low"])
    assert not isnan(alone["accuracy"]["low"]), "Wilson's interval is exact enough for any number"


def test_a_certain_and_wrong_answer_stays_finite():
    found = summarise_classification(["a", "b"] * 3, [[0.0, 1.0]] * 6, classes=["a", "b"], draws=20)
    assert np.isfinite([found["log_loss"][part] for part in ("value", "low", "high")]).all()


@pytest.mark.parametrize("setting", [{"groups": ["p"]}, {"draws": 0}, {"level": 1.0}, {"positive": "z"}])
def test_settings_that_do_not_fit_are_refused(setting):
    with pytest.raises(UsageError):
        summarise_classification(["a", "b"], [[1, 0], [0, 1]], classes=["a", "b"], **setting)
