"""Losses of the studies that PyTorch and MONAI do not have."""

from monai_mri.losses.squared_error import SigmoidSquaredError

__all__ = ["SigmoidSquaredError"]
