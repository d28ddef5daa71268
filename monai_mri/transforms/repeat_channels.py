"""Images of one channel for networks that expect several."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from monai.data import MetaTensor
from monai.transforms import MapTransform
from torch import Tensor

from monai_mri.errors import ImageError
from monai_mri.transforms.cube import plain_tensor


class RepeatChannelsd(MapTransform):
    """Let the one channel of an image stand for several.

    An image that has `channels` of them stays as it is.

    Args:
        keys: keys of images (C, …).
        channels: how many there shall be.

    Raises:
        ImageError: an image has neither one channel nor `channels`; names the file.

    >>> import torch
    >>> RepeatChannelsd(keys="image", channels=3)({"image": torch.ones(1, 4, 5)})["image"].shape
    torch.Size([3, 4, 5])
    """

    def __init__(self, keys: str | Sequence[str], *, channels: int = 3) -> None:
        super().__init__(keys)
        self.channels = channels

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Repeat the channel of one sample."""
        sample = dict(data)
        for key in self.keys:
            image = sample[key]
            if len(image) == self.channels:
                continue
            if len(image) != 1:
                meta = getattr(image, "meta", {})
                name = meta.get("filename_or_obj", sample.get("sample_id", key))
                raise ImageError(
                    f"{name}: {len(image)} channels found, expected 1 or {self.channels}; "
                    "set images to other columns, or the number of channels to that of the image"
                )
            sample[key] = _repeated(image, self.channels)
        return sample


def _repeated(image: Tensor, channels: int) -> Tensor:
    plain = plain_tensor(image)
    repeated = plain.repeat(channels, *[1] * (plain.ndim - 1))
    if not isinstance(image, MetaTensor):
        return repeated
    result: Tensor = MetaTensor(repeated, meta=image.meta)
    return result
