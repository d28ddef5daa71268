"""Bring images of different scanners to one scale, by the intensity of their tissue."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import MapTransform

from monai_mri.errors import ImageError
from monai_mri.images.picture import Float32Array
from monai_mri.transforms.read_mri import MASK_CHANNELS

SPARSE = 0.98  # share of zeros from which on an image is no head, even without its skull in a wide field


def normalize_to_tissue(image: Float32Array, *, gain: float = 2.5) -> Float32Array:
    """`gain` times (image / tissue - 1), where tissue is the median of the voxels brighter than the mean.

    In a head image about a third of the voxels are brighter than its mean, nearly all of them brain, so the
    median is a robust brain intensity: bright skull, fat or plaques hardly move it, and neither does the
    share of air, which moves mean and standard deviation. Tissue becomes about 0, which is also what a
    convolution pads with, and air -`gain`.

    Args:
        image: any shape, any units, zero or small values in air.
        gain: output value of what is twice as bright as tissue.

    Returns:
        float32 of the same shape.

    Raises:
        ImageError: all voxels are equal, or the tissue is not brighter than 0 (E302).

    >>> normalize_to_tissue(np.array([0, 0, 0, 0, 100, 100, 200], dtype=np.float32), gain=1.0).tolist()
    [-1.0, -1.0, -1.0, -1.0, 0.0, 0.0, 1.0]
    """
    bright = image[image > image.mean()]
    tissue = float(np.median(bright)) if bright.size else 0.0
    if not tissue > 0:
        raise ImageError(
            "an empty or constant image, expected tissue brighter than 0; leave it out of the manifest [E302]"
        )
    return ((image / tissue - 1) * gain).astype(np.float32)


class NormalizeToTissued(MapTransform):
    """`normalize_to_tissue` for MONAI's data dictionaries, each channel on its own.

    Channels that `ReadMRId` read as lesion maps, by its `mask_channels`, stay as they are. Where it was told
    to look for such, another channel that is 0 nearly everywhere is taken for one that was not named.

    Args:
        keys: keys of images (C, ...).
        gain: as there.

    Raises:
        ImageError: an image is empty or constant, or seems to be a lesion map; names the file.
    """

    def __init__(self, keys: str | Sequence[str], *, gain: float = 2.5) -> None:
        super().__init__(keys)
        self.gain = gain

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Normalise one sample."""
        sample = dict(data)
        for key in self.keys:
            image = sample[key]
            channels = np.asarray(image, dtype=np.float32)
            maps = getattr(image, "meta", {}).get(MASK_CHANNELS)
            try:
                if maps is not None:
                    _refuse_maps(channels, named=maps)
                scaled = np.stack(
                    [
                        channel if number in (maps or ()) else normalize_to_tissue(channel, gain=self.gain)
                        for number, channel in enumerate(channels)
                    ]
                )
            except ImageError as error:
                raise ImageError(f"{_name(image, sample)}: {error}") from None
            result = torch.from_numpy(scaled)
            sample[key] = MetaTensor(result, meta=image.meta) if isinstance(image, MetaTensor) else result
        return sample


def _refuse_maps(channels: Float32Array, *, named: Sequence[int]) -> None:
    for number, channel in enumerate(channels):
        share = float((channel == 0).mean())
        if number not in named and share >= SPARSE:
            raise ImageError(
                f"channel {number} is 0 in {share:.1%} of its voxels, as a lesion map is, expected an image; "
                "name its column among the lesion maps: lesion_maps, or mask_channels of ReadMRId"
            )


def _name(image: Any, sample: Mapping[Hashable, Any]) -> str:
    meta = getattr(image, "meta", {})
    return str(meta.get("filename_or_obj", sample.get("sample_id", "image")))
