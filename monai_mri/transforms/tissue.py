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

    Args:
        keys: keys of images (C, ...).
        gain: as there.
        keep_binary: a channel that holds nothing but 0 and 1, as a lesion map, stays as it is, also one that
            is all 0.

    Raises:
        ImageError: an image is empty or constant; names the file.
    """

    def __init__(self, keys: str | Sequence[str], *, gain: float = 2.5, keep_binary: bool = False) -> None:
        super().__init__(keys)
        self.gain, self.keep_binary = gain, keep_binary

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Normalise one sample."""
        sample = dict(data)
        for key in self.keys:
            image = sample[key]
            channels = np.asarray(image, dtype=np.float32)
            try:
                scaled = np.stack([self._scaled(channel) for channel in channels])
            except ImageError as error:
                raise ImageError(f"{_name(image, sample)}: {error}") from None
            result = torch.from_numpy(scaled)
            sample[key] = MetaTensor(result, meta=image.meta) if isinstance(image, MetaTensor) else result
        return sample

    def _scaled(self, channel: Float32Array) -> Float32Array:
        if self.keep_binary and bool(((channel == 0) | (channel == 1)).all()):
            return channel
        return normalize_to_tissue(channel, gain=self.gain)


def _name(image: Any, sample: Mapping[Hashable, Any]) -> str:
    meta = getattr(image, "meta", {})
    return str(meta.get("filename_or_obj", sample.get("sample_id", "image")))
