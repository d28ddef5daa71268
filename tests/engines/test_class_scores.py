from __future__ import annotations

import numpy as np
import torch

from monai_mri.engines.class_scores import Prediction, predictions_table
from monai_mri.engines.dataset import CLASS

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
