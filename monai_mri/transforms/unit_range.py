"""Bring the values of an image into 0 to 1."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from monai.data import MetaTensor
from monai.transforms import MapTransform
from torch import Tensor

from monai_mri.errors import ImageError
from monai_mri.transforms.cube import plain_tensor


def scale_to_unit(image: Tensor, *, full_scale: float = math.nan) -> Tensor:
    """An image divided by what white is, or each channel brought from its minimum and maximum to 0 and 1.

    The second way is taken where white is unknown: 16 bits and floating point are hardly ever used to their
    end, and the units of NIfTI are free. There each channel stands by itself, since modalities have no unit
    in common.

    Args:
        image: (C, …), finite.
        full_scale: what white is, 255 for 8 bits; nan where unknown.

    Returns:
        float32 of the same shape, 0 to 1; a channel of one value becomes 0 where white is unknown.

    Raises:
        ImageError: a value is below 0 or above `full_scale`.

    >>> scale_to_unit(torch.tensor([[0.0, 51.0, 255.0]]), full_scale=255).tolist()
    [[0.0, 0.20000000298023224, 1.0]]
    >>> scale_to_unit(torch.tensor([[-1.0, 0.0, 3.0], [7.0, 7.0, 7.0]])).tolist()
    [[0.0, 0.25, 1.0], [0.0, 0.0, 0.0]]
    """
    if math.isnan(full_scale):
        return _by_range(image)
    lowest, highest = (float(value) for value in torch.aminmax(image))
    if lowest < 0 or highest > full_scale:
        raise ImageError(
            f"values from {lowest:g} to {highest:g} found, expected 0 to {full_scale:g}; "
            "scale an image before anything else changes its values"
        )
    return image.float() / full_scale


class ScaleToUnitd(MapTransform):
    """`scale_to_unit` for MONAI's data dictionaries, right after `ReadMRId`.

    Pictures of 8 bits are divided by 255, as `full_scale` in their meta says; every other image is scaled by
    its own minimum and maximum, channel by channel. What comes out has `full_scale` 1.

    Args:
        keys: keys of images (C, …).

    Raises:
        ImageError: names the file, and what is not within its scale.
    """

    def __init__(self, keys: str | Sequence[str]) -> None:
        super().__init__(keys)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Scale one sample."""
        sample = dict(data)
        for key in self.keys:
            image = sample[key]
            known = isinstance(image, MetaTensor)
            meta = image.meta if known else {}
            full_scale = float(meta.get("full_scale", math.nan))
            try:
                scaled = scale_to_unit(plain_tensor(image), full_scale=full_scale)
            except ImageError as error:
                name = meta.get("filename_or_obj", sample.get("sample_id", key))
                raise ImageError(f"{name}: {error}") from None
            sample[key] = MetaTensor(scaled, meta=meta | {"full_scale": 1.0}) if known else scaled
        return sample


def _by_range(channels: Tensor) -> Tensor:
    flat = channels.double().flatten(1)
    lowest, highest = torch.aminmax(flat, dim=1, keepdim=True)
    span = highest - lowest
    scaled = (flat - lowest) / torch.where(span > 0, span, 1)
    return scaled.float().reshape(channels.shape)
