from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import classification_report

from monai_mri.errors import UsageError
from monai_mri.metrics import class_report, report_lines
from monai_mri.metrics.bootstrap import bootstrap_intervals

CLASSES = ["no_tumor", "glioma", "other"]


@pytest.fixture
def said() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    truth = random.choice(CLASSES, size=120, p=[0.5, 0.3, 0.2])
    predicted = np.where(random.random(120) < 0.7, truth, random.choice(CLASSES, size=120))
    return truth, predicted, np.repeat(np.arange(30), 4)


def test_every_figure_is_that_of_scikit_learn(said):
    truth, predicted, _ = said
    expected = classification_report(truth, predicted, labels=CLASSES, output_dict=True)
    found = class_report(truth, predicted, classes=CLASSES, draws=20)
    names = {"macro": "macro avg", "weighted": "weighted avg"} | {name: name for name in CLASSES}
    for name, theirs in names.items():
        ours = found["classes"].get(name) or found[name]
        for column, other in (("precision",) * 2, ("recall",) * 2, ("f1", "f1-score"), ("support",) * 2):
            assert ours[column] == pytest.approx(expected[theirs][other]), (name, column)
    assert found["accuracy"]["value"] == pytest.approx(expected["accuracy"])
    assert found["macro_f1"]["value"] == pytest.approx(found["macro"]["f1"])


def test_the_interval_of_accuracy_draws_subjects(said):
    truth, predicted, groups = said
    found = class_report(truth, predicted, classes=CLASSES, groups=groups, draws=200, seed=4)
    expected = bootstrap_intervals(
        truth, predicted, groups, lambda t, p: float((t == p).mean()), draws=200, seed=4
    )
    assert (found["accuracy"]["low"], found["accuracy"]["high"]) == pytest.approx(expected[:2])
    assert found["accuracy"]["interval"] == "bootstrap by subject"


def test_what_is_never_predicted_or_never_true_is_undefined():
    found = class_report(["a", "a", "b"], ["a", "a", "a"], classes=["a", "b", "c"], draws=5)
    assert np.isnan(found["classes"]["b"]["precision"])
    assert found["classes"]["b"]["f1"] == 0.0
    assert np.isnan([found["classes"]["c"][name] for name in ("precision", "recall", "f1")]).all()
    assert np.isnan(found["macro"]["f1"])
    assert found["weighted"]["recall"] == pytest.approx(2 / 3)
    assert np.isnan(found["weighted"]["precision"])


def test_the_printed_table_has_the_papers_rows(said):
    truth, predicted, _ = said
    lines = report_lines("ResNet50", class_report(truth, predicted, classes=CLASSES, draws=5))
    assert [line.split()[0] for line in lines] == ["ResNet50", *CLASSES, "accuracy", "macro", "weighted"]
    assert len({len(line) for line in lines}) == 1
    undefined = class_report(["a"], ["a"], classes=["a", "b"], draws=5)
    assert report_lines("x", undefined)[2].split() == ["b", "-", "-", "-", "0"]


def test_rows_of_other_lengths_are_refused():
    with pytest.raises(UsageError):
        class_report(["a"], ["a", "b"], classes=["a", "b"])
