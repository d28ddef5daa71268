from __future__ import annotations

import pytest
import torch

from monai_mri.errors import ConfigError
from monai_mri.losses import ClassWeightedCrossEntropy

LOGITS = torch.tensor([[0.3, -1.0, 2.0], [1.5, 0.2, 0.0], [0.0, 0.1, -0.4], [0.7, 0.7, 0.7]])
CLASSES = torch.tensor([2, 1, 0, 0])


def test_without_weights_it_is_pytorchs():
    expected = torch.nn.CrossEntropyLoss()(LOGITS, CLASSES)
    torch.testing.assert_close(ClassWeightedCrossEntropy()(LOGITS, CLASSES), expected)


def test_a_weight_of_two_counts_a_class_twice():
    doubled = torch.cat([LOGITS, LOGITS[CLASSES == 0]]), torch.cat([CLASSES, CLASSES[CLASSES == 0]])
    expected = torch.nn.CrossEntropyLoss()(*doubled)
    torch.testing.assert_close(ClassWeightedCrossEntropy([2, 1, 1])(LOGITS, CLASSES), expected)


def test_it_computes_in_the_type_of_the_logits():
    loss = ClassWeightedCrossEntropy([1, 2, 3])(LOGITS.double().requires_grad_(), CLASSES)
    assert loss.dtype == torch.float64
    assert loss.requires_grad


@pytest.mark.parametrize("weights", [[1, 0, 1], [1, -1, 1], [float("nan"), 1, 1]])
def test_a_weight_that_is_not_above_zero_is_refused(weights):
    with pytest.raises(ConfigError, match="expected numbers above 0"):
        ClassWeightedCrossEntropy(weights)


def test_another_number_of_weights_than_classes_is_refused():
    with pytest.raises(ConfigError, match="2 found, expected 3"):
        ClassWeightedCrossEntropy([1, 2])(LOGITS, CLASSES)
