"""The pooling-free network that turns a slice into a map of plaques."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

Output = Literal["probability", "logit"]


class PlaqueFCN(nn.Module):
    """Convolutions only: a FLAIR slice in, a map of plaques of the same size out.

    Six convolutions (20@5x5, 20@7x7, 40@9x9, 60@7x7, 20@5x5, 1@5x5) with zero 'same' padding and a PReLU per
    channel between them; a sigmoid at the end. 233,321 parameters and a receptive field of 33 x 33 pixels
    with one input channel (Stasiak et al., BIOSTEC 2017, sections 3.1 and 4.2).

    Input (B, C, H, W) of any H, W >= 1; output (B, 1, H, W). Output is in [0, 1], or any real number with
    `output="logit"`, which is what losses that apply the sigmoid themselves expect.

    The paper does not say how the filters are initialised. Ours are Kaiming-normal for the PReLU slope, and
    the last bias gives `prior` at first: with PyTorch's default the output stays near zero and training
    collapses.

    Args:
        in_channels: number of input channels.
        filters: output channels of every convolution but the last.
        kernel_sizes: odd side lengths in pixels, one more than `filters`.
        output: what the network returns, "probability" or "logit".
        prior: share of plaque pixels that the untrained network expects, in (0, 1).

    Raises:
        ValueError: lengths do not match, a kernel is even, `output` or `prior` is out of range.

    Example:
        >>> net = PlaqueFCN()
        >>> sum(p.numel() for p in net.parameters()), net.receptive_field
        (233321, 33)
    """

    def __init__(
        self,
        *,
        in_channels: int = 1,
        filters: Sequence[int] = (20, 20, 40, 60, 20),
        kernel_sizes: Sequence[int] = (5, 7, 9, 7, 5, 5),
        output: Output = "probability",
        prior: float = 0.05,
    ) -> None:
        super().__init__()
        _check(filters, kernel_sizes, output, prior)
        widths = [in_channels, *filters, 1]
        layers: list[nn.Module] = []
        for inputs, outputs, size in zip(widths, widths[1:], kernel_sizes, strict=False):
            layers += [nn.Conv2d(inputs, outputs, size, padding=size // 2), nn.PReLU(outputs)]
        self.layers = nn.Sequential(*layers[:-1])
        self.filters, self.kernel_sizes = tuple(filters), tuple(kernel_sizes)
        self.output: Output = output
        self._initialise(prior)

    @property
    def receptive_field(self) -> int:
        """Side in pixels of the input square that one output pixel sees (paper, section 3.1)."""
        return sum(self.kernel_sizes) - len(self.kernel_sizes) + 1

    def forward(self, image: Tensor) -> Tensor:
        """Map of plaques, shape (B, 1, H, W), for images of shape (B, C, H, W)."""
        logits: Tensor = self.layers(image)
        return logits if self.output == "logit" else logits.sigmoid()

    def _initialise(self, prior: float) -> None:
        convolutions = [layer for layer in self.layers if isinstance(layer, nn.Conv2d)]
        for layer in convolutions:
            nn.init.kaiming_normal_(layer.weight, a=0.25)
            _fill_bias(layer, 0.0)
        last = convolutions[-1]
        last.weight.data.mul_(0.1)
        _fill_bias(last, math.log(prior / (1 - prior)))


def _fill_bias(layer: nn.Conv2d, value: float) -> None:
    if layer.bias is not None:
        nn.init.constant_(layer.bias, value)


def _check(filters: Sequence[int], kernel_sizes: Sequence[int], output: str, prior: float) -> None:
    if len(kernel_sizes) != len(filters) + 1:
        raise ValueError(
            f"PlaqueFCN: {len(kernel_sizes)} kernel_sizes for {len(filters)} filters; "
            "give one kernel size more than filters, the last is the output layer's"
        )
    if even := [size for size in kernel_sizes if size % 2 == 0 or size < 1]:
        raise ValueError(f"PlaqueFCN: kernel_sizes {even} are not odd; 'same' padding needs odd ones")
    if output not in ("probability", "logit"):
        raise ValueError(f"PlaqueFCN: output is {output!r}, expected 'probability' or 'logit'")
    if not 0 < prior < 1:
        raise ValueError(f"PlaqueFCN: prior is {prior}, expected a share between 0 and 1")
