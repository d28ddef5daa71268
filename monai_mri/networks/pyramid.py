"""Atrous spatial pyramid pooling: maps seen with several dilations, and as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name


class AtrousPyramid(nn.Module):
    """One 1x1 convolution, 3x3 ones with several dilations, and the image's mean, projected together.

    Each branch is followed by BatchNorm and ReLU; so is the 1x1 convolution that projects all of them, before
    the dropout (Chen et al., ECCV 2018, section 3.1; arXiv:1706.05587, section 3.3).

    Input (B, C, H, W); output (B, out_channels, H, W).

    The branch of the mean has one value a channel and image, so BatchNorm cannot take its statistics from a
    training batch of one image, and PyTorch would refuse it. For such a batch this branch uses its running
    statistics, as in evaluation.

    Args:
        in_channels: channels of the maps.
        out_channels: channels of each branch and of the result.
        rates: dilation of each 3x3 branch, in pixels of the maps.
        separable: whether the 3x3 convolutions are split, see `convolution`.
        dropout: share of values that are dropped in training.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        rates: Sequence[int] = (6, 12, 18),
        separable: bool = False,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        branches = [convolution(in_channels, out_channels, kernel_size=1)]
        branches += [
            convolution(in_channels, out_channels, dilation=rate, separable=separable) for rate in rates
        ]
        self.branches = nn.ModuleList(branches)
        self.whole = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1, bias=False), _ImageNorm(out_channels), nn.ReLU()
        )
        self.project = convolution((len(rates) + 2) * out_channels, out_channels, kernel_size=1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of the same size, shape (B, out_channels, H, W)."""
        whole = self.whole(maps.mean((2, 3), keepdim=True)).expand(-1, -1, *maps.shape[2:])
        seen = [branch(maps) for branch in self.branches]
        projected: Tensor = self.dropout(self.project(torch.cat([*seen, whole], dim=1)))
        return projected


def convolution(
    inputs: int, outputs: int, *, kernel_size: int = 3, dilation: int = 1, separable: bool = False
) -> nn.Sequential:
    """Convolution that keeps the size, then BatchNorm and ReLU.

    With `separable` it is one filter a channel, followed by a 1x1 convolution across channels.
    """
    padding = kernel_size // 2 * dilation
    groups, between = (inputs, inputs) if separable else (1, outputs)
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, between, kernel_size, padding=padding, dilation=dilation, groups=groups, bias=False)
    ]
    if separable:
        layers.append(nn.Conv2d(inputs, outputs, 1, bias=False))
    return nn.Sequential(*layers, nn.BatchNorm2d(outputs), nn.ReLU())


class _ImageNorm(nn.BatchNorm2d):
    """BatchNorm of one value a channel and image, also for a training batch of one image."""

    def forward(self, input: Tensor) -> Tensor:
        if self.training and len(input) == 1:
            return F.batch_norm(
                input,
                self.running_mean,
                self.running_var,
                self.weight,
                self.bias,
                training=False,
                eps=self.eps,
            )
        return super().forward(input)
