"""A 2D network over pictures of any size and over volumes, slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from monai.inferers import SlidingWindowInferer
from torch import Tensor


class AxialInferer(SlidingWindowInferer):
    """MONAI's sliding window for a 2D network, over pictures and over the axial slices of volumes.

    Inputs of shape (B, C, H, W) give (B, C', H, W); volumes (B, C, I, J, K) are taken as K slices (I, J) each
    and give (B, C', I, J, K). Where an axis is shorter than the window, the window shrinks to the next
    multiple of `divisible_by`, so that a slice that fits is seen whole and hardly padded.

    Args:
        roi_size: window in pixels, two numbers.
        sw_batch_size: windows (or slices) in one pass of the network.
        overlap: share of overlap of neighbouring windows, 0 to below 1.
        mode: how overlapping windows are blended, "constant" or "gaussian".
        divisible_by: what the network's input sizes must divide by; 1 for PlaqueFCN, 16 for a U-Net of four
            levels.
    """

    def __init__(
        self,
        roi_size: Sequence[int] = (512, 512),
        *,
        sw_batch_size: int = 4,
        overlap: float = 0.25,
        mode: str = "gaussian",
        divisible_by: int = 1,
    ) -> None:
        if uneven := [side for side in roi_size if side < 1 or side % divisible_by]:
            raise ValueError(
                f"AxialInferer: window side {uneven[0]} is no multiple of divisible_by {divisible_by}"
            )
        super().__init__(roi_size=roi_size, sw_batch_size=sw_batch_size, overlap=overlap, mode=mode)
        self.window, self.divisible_by = tuple(roi_size), divisible_by

    def __call__(self, inputs: Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Map of the whole picture or volume."""
        plain = inputs.as_tensor() if hasattr(inputs, "as_tensor") else inputs
        if plain.ndim == 4:
            return self._slices(plain, network, *args, **kwargs)
        batch, depth = len(plain), plain.shape[-1]
        slices = plain.movedim(-1, 1).flatten(0, 1)
        result = self._slices(slices, network, *args, **kwargs)
        return result.reshape(batch, depth, *result.shape[1:]).movedim(1, -1)

    def _slices(self, slices: Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any) -> Tensor:
        self.roi_size = [
            min(side, -(-length // self.divisible_by) * self.divisible_by)
            for side, length in zip(self.window, slices.shape[-2:], strict=True)
        ]
        chunks = torch.split(slices, self.sw_batch_size)
        return torch.cat(
            [super(AxialInferer, self).__call__(chunk, network, *args, **kwargs) for chunk in chunks]
        )
