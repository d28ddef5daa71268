from __future__ import annotations

import numpy as np
import pytest
import torch

from monai_mri.engines.class_scores import (
    Prediction,
    abstention_of,
    majority_of,
    predictions_table,
    scores_of,
)
from monai_mri.engines.dataset import CLASS
from monai_mri.errors import ConfigError

SAMPLE = {"sample_id": "s_1", "subject_id": "s", "class": "from the table"}
OUTPUT = {"pred": torch.tensor([0.25, 0.75])}


def test_a_column_of_the_table_is_not_taken_for_the_truth():
    one = Prediction.of(SAMPLE, OUTPUT)
    assert one.truth is None
    (line,) = predictions_table([one], ["a", "b"]).splitlines()[1:]
    assert line == "s_1,s,,b,,0.250000,0.750000"


def test_the_class_of_the_dataset_is_the_truth():
    one = Prediction.of(SAMPLE | {CLASS: "b"}, OUTPUT)
    assert one.truth == "b"
    np.testing.assert_allclose(one.probabilities, [0.25, 0.75])
    (line,) = predictions_table([one], ["a", "b"]).splitlines()[1:]
    assert line.startswith("s_1,s,b,b,1,")


def several(*rows: tuple[str, float]) -> list[Prediction]:
    """Predictions of images of a true class, with a probability of b."""
    return [
        Prediction(str(n), str(n), truth, np.array([1 - of_b, of_b])) for n, (truth, of_b) in enumerate(rows)
    ]


def test_further_columns_stand_behind_the_probabilities():
    table = predictions_table(several(("a", 0.2)), ["a", "b"], beside={"vote": ["b"]}).splitlines()
    assert table[0].endswith("p_a,p_b,vote")
    assert table[1].endswith("0.800000,0.200000,b")


def test_scores_come_with_the_confusion_of_the_most_probable_class():
    found = scores_of(several(("a", 0.2), ("a", 0.9), ("b", 0.7)), ["a", "b"], positive=None, draws=5, seed=0)
    assert found["confusion"] == [[1, 1], [0, 1]]
    assert found["scores"]["accuracy"]["value"] == pytest.approx(2 / 3)


def test_the_surest_predictions_come_first_in_the_curve_of_abstention():
    found = abstention_of(several(("a", 0.4), ("b", 0.9)), ["a", "b"])
    assert found["coverage"] == [0.5, 1.0]
    assert found["accuracy"] == [1.0, 1.0]
    assert found["chosen"] is None


def test_a_training_part_without_classes_has_no_majority():
    with pytest.raises(ConfigError, match="trained_on: a dataset without classes"):
        majority_of(object(), several(("a", 0.4)))
