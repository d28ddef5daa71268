"""Losses that PyTorch and MONAI do not have."""

from monai_mri.losses.cross_entropy import ClassWeightedCrossEntropy
from monai_mri.losses.squared_error import SigmoidSquaredError

__all__ = ["ClassWeightedCrossEntropy", "SigmoidSquaredError"]
