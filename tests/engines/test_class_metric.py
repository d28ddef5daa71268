from __future__ import annotations

import math

import pytest
import torch

from monai_mri.engines.class_metric import ClassScores
from monai_mri.errors import ConfigError


def scored(pairs, **settings) -> ClassScores:
    metric = ClassScores(**settings)
    metric.reset()
    metric.update([{"pred": torch.tensor(pred), "label": label} for pred, label in pairs])
    return metric


PAIRS = [([0.9, 0.1], 0), ([0.6, 0.4], 0), ([0.7, 0.3], 0), ([0.8, 0.2], 1)]


def test_scores_are_those_of_the_formulas():
    likelihood = sum(math.log(p) for p in (0.9, 0.6, 0.7, 0.2)) / 4
    metric = scored(PAIRS)
    assert metric.compute() == pytest.approx(likelihood)
    assert metric.beside == pytest.approx(
        {"val_loss": -likelihood, "val_accuracy": 0.75, "val_balanced_accuracy": 0.5}
    )


@pytest.mark.parametrize(("select", "value"), [("accuracy", 0.75), ("balanced_accuracy", 0.5)])
def test_another_score_can_decide(select, value):
    metric = scored(PAIRS, select=select)
    assert metric.name == f"val_{select}"
    assert metric.compute() == pytest.approx(value)
    assert metric.name not in metric.beside


def test_a_probability_of_zero_for_the_truth_is_finite():
    assert math.isfinite(scored([([1.0, 0.0], 1)]).compute())


def test_no_sample_is_undefined():
    assert math.isnan(scored([]).compute())


def test_an_unknown_score_is_refused():
    with pytest.raises(ConfigError, match="log_likelihood, accuracy, balanced_accuracy"):
        ClassScores(select="f1")
