"""Samples laid together to batches, in memory that is used again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from monai.utils import CommonKeys
from torch import Tensor
from torch.utils.data import Dataset, default_collate, get_worker_info

from monai_mri.engines.dataset import Sample
from monai_mri.engines.sampling import EpochIndex


class BatchDataset(Dataset[Sample]):
    """Hands a loader whole batches of a dataset, as PyTorch's own collation makes them.

    Each image is copied into the batch before the next is made, and batch after batch lies in the same
    memory: fresh memory costs more than the copy. So a batch holds until the next one is asked for. In a
    loader's worker process, which runs ahead, every batch has its own.

    Args:
        data: dataset of dictionaries with "image".
    """

    def __init__(self, data: Any) -> None:
        self.data = data
        self._images: Tensor | None = None

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.data)

    def __getitem__(self, index: EpochIndex) -> Sample:
        """One sample."""
        sample: Sample = self.data[index]
        return sample

    def __getitems__(self, indices: Sequence[EpochIndex]) -> Sample:
        """A batch of samples."""
        first = dict(self.data[indices[0]])
        image = first.pop(CommonKeys.IMAGE)
        if type(image) is not Tensor:
            collated: Sample = default_collate([self.data[index] for index in indices])
            return collated
        images, samples = self._room(len(indices), image), [first]
        images[0] = image
        for place, index in enumerate(indices[1:], start=1):
            sample = dict(self.data[index])
            images[place] = _alike(sample.pop(CommonKeys.IMAGE), image)
            samples.append(sample)
        return {CommonKeys.IMAGE: images, **default_collate(samples)}

    def _room(self, count: int, image: Tensor) -> Tensor:
        shape, kept = (count, *image.shape), self._images
        if kept is None or kept.shape != shape or kept.dtype != image.dtype or get_worker_info() is not None:
            self._images = kept = torch.empty(shape, dtype=image.dtype)
        return kept


def as_is(batch: Any) -> Any:
    """What a loader over a `BatchDataset` takes in the place of collation."""
    return batch


def _alike(image: Tensor, first: Tensor) -> Tensor:
    if image.shape != first.shape or image.dtype != first.dtype:
        raise RuntimeError(
            f"images of one batch differ: {tuple(image.shape)} {image.dtype} beside "
            f"{tuple(first.shape)} {first.dtype}"
        )
    return image
