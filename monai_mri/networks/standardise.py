"""Standardise the channels of an image inside a network, so that its weights bring their own scale."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_SPREAD = (0.229, 0.224, 0.225)


class Standardise(nn.Module):
    """Subtract a mean and divide by a standard deviation, one number a channel.

    Both are buffers, so a checkpoint keeps those that its network was trained with.

    Input and output (B, C, H, W).

    Args:
        mean: one number a channel, in the units of the image.
        spread: one number a channel, above 0.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, mean: Sequence[float], spread: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).reshape(1, -1, 1, 1))
        self.register_buffer("spread", torch.tensor(spread).reshape(1, -1, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        """The standardised image.

        Raises:
            ValueError: the image has other axes or channels.
        """
        channels = self.mean.shape[1]
        if image.ndim != 4 or image.shape[1] != channels:
            raise ValueError(
                f"images of shape {tuple(image.shape)}, expected (B, {channels}, H, W); "
                "set in_channels to the number of channels, or read other ones"
            )
        return (image - self.mean) / self.spread


def for_channels(colours: Sequence[float], channels: int) -> tuple[float, ...]:
    """Numbers of the three colours for any number of channels.

    One channel takes their average, more take them in turn, as `fit_channels` does with kernels.

    >>> for_channels([1.0, 2.0, 6.0], 1), for_channels([1.0, 2.0, 6.0], 4)
    ((3.0,), (1.0, 2.0, 6.0, 1.0))
    """
    if channels == 1:
        return (sum(colours) / len(colours),)
    return tuple(colours[place % len(colours)] for place in range(channels))


def standardise(channels: int, *, mean: Sequence[float], spread: Sequence[float], use: bool) -> Standardise:
    """The layer for so many channels in [0, 1]; with `use` False it leaves them as they are."""
    if not use:
        return Standardise((0.0,) * channels, (1.0,) * channels)
    return Standardise(for_channels(mean, channels), for_channels(spread, channels))
