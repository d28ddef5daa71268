"""The plaque paper's loss: squared error between the sigmoid map and the mask."""

from __future__ import annotations

from torch import Tensor, nn


class SigmoidSquaredError(nn.Module):
    """Squared error of sigmoid(logits) against a mask, summed over pixels, halved, averaged over the batch.

    The paper (Stasiak et al., BIOSTEC 2017, section 4.3) trained in Caffe with its Euclidean loss, which sums
    the squared errors of all pixels of N tiles and divides by 2 N; only so does its learning rate of 1e-5
    move the weights. That is the default here; `per_pixel=True` gives the plain mean instead.

    Logits and mask have the shape (B, C, H, W), the mask holds 0 and 1; returns a scalar >= 0.

    Args:
        per_pixel: divide by the number of pixels, too.

    Example:
        >>> import torch
        >>> SigmoidSquaredError()(torch.zeros(2, 1, 4, 4), torch.ones(2, 1, 4, 4)).item()
        2.0
    """

    def __init__(self, *, per_pixel: bool = False) -> None:
        super().__init__()
        self.per_pixel = per_pixel

    def forward(self, logits: Tensor, mask: Tensor) -> Tensor:
        """Scalar loss for logits and mask of one shape (B, C, H, W)."""
        if logits.shape != mask.shape:
            raise ValueError(
                f"SigmoidSquaredError: logits {tuple(logits.shape)} and mask {tuple(mask.shape)} differ"
            )
        squared = (logits.sigmoid() - mask).square()
        return squared.mean() if self.per_pixel else squared.sum() / (2 * len(mask))
