"""A 2D network of one input size over pictures of any size and over volumes, slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from monai.inferers import Inferer
from torch import Tensor

from monai_mri.errors import ConfigError
from monai_mri.transforms.cube import plain_tensor
from monai_mri.transforms.resize import require_size, resize_image


class ResizingInferer(Inferer):
    """Shows a network each slice in one size, and brings its map back to the size of the slice.

    An input (B, C, H, W) is resized by `resize_image`, as `ResizeImaged` does it for training. Maps
    (B, C', h, w) are logits or probabilities and are resized back to (B, C', H, W); class scores (B, N) stay
    as they are. Volumes (B, C, I, J, K) are taken as K slices (I, J) each and give maps (B, C', I, J, K).

    Args:
        spatial_size: rows and columns that the network sees, such as [256, 256].
        sw_batch_size: most slices in one pass of the network.

    Raises:
        ConfigError: `spatial_size` is not two whole numbers of at least 1, `sw_batch_size` is below 1, or a
            network gives class scores of a volume.
    """

    def __init__(self, spatial_size: Sequence[int] = (256, 256), *, sw_batch_size: int = 8) -> None:
        self.spatial_size = require_size(spatial_size, "ResizingInferer")
        if sw_batch_size < 1:
            raise ConfigError(
                f"ResizingInferer: sw_batch_size is {sw_batch_size}, expected at least 1; correct it"
            )
        self.sw_batch_size = sw_batch_size

    def __call__(self, inputs: Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Map of the whole picture or volume, or class scores of the picture."""
        plain = plain_tensor(inputs)
        if plain.ndim == 4:
            return self._slices(plain, network, *args, **kwargs)
        batch, depth = len(plain), plain.shape[-1]
        result = self._slices(plain.movedim(-1, 1).flatten(0, 1), network, *args, **kwargs)
        if result.ndim != 4:
            raise ConfigError(
                f"ResizingInferer: class scores {tuple(result.shape)} of a volume's slices found, expected "
                "maps; put monai_mri.engines.SliceDataset around the data"
            )
        return result.reshape(batch, depth, *result.shape[1:]).movedim(1, -1)

    def _slices(self, slices: Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any) -> Tensor:
        size = slices.shape[-2:]
        results = []
        for chunk in torch.split(slices, self.sw_batch_size):
            result = network(resize_image(chunk, self.spatial_size), *args, **kwargs)
            results.append(resize_image(result, size) if result.ndim == 4 else result)
        return results[0] if len(results) == 1 else torch.cat(results)
