"""Cross-entropy with a weight a class, as YAML can write it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from monai_mri.errors import ConfigError


class ClassWeightedCrossEntropy(nn.Module):
    """Mean cross-entropy of logits, in nats, each sample weighted by its class.

    The sum of weighted losses is divided by the sum of the weights of the batch, as PyTorch's is.

    Args:
        weights: one above 0 for each class, in the order of `classes`; None weighs all alike.

    Raises:
        ConfigError: a weight is not above 0, or there are more or fewer than the network has classes.

    >>> loss = ClassWeightedCrossEntropy([1.0, 3.0])
    >>> logits = torch.tensor([[2.0, 0.0], [2.0, 0.0]])
    >>> round(loss(logits, torch.tensor([0, 1])).item(), 4)
    1.6269
    """

    def __init__(self, weights: Sequence[float] | None = None) -> None:
        super().__init__()
        if weights is not None and not all(weight > 0 for weight in weights):
            raise ConfigError(f"class_weights: {list(weights)} found, expected numbers above 0, one a class")
        self.weights = None if weights is None else [float(weight) for weight in weights]

    def forward(self, logits: Tensor, classes: Tensor) -> Tensor:
        """Loss of logits (B, K) and numbers of classes (B,), a scalar."""
        if self.weights is None:
            return functional.cross_entropy(logits, classes)
        if len(self.weights) != logits.shape[1]:
            raise ConfigError(
                f"class_weights: {len(self.weights)} found, expected {logits.shape[1]}, one a class"
            )
        weight = torch.tensor(self.weights, dtype=logits.dtype, device=logits.device)
        return functional.cross_entropy(logits, classes, weight=weight)
