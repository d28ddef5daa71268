"""Batches in memory that is used again are those that PyTorch's collation makes."""

from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor
from torch.utils.data import DataLoader, default_collate

from monai_mri.engines.batching import BatchDataset, as_is


class Numbered:
    """Samples whose voxels all are their number."""

    def __init__(self, kind=torch.Tensor, *, ragged: bool = False) -> None:
        self.kind, self.ragged = kind, ragged

    def __len__(self) -> int:
        return 5

    def __getitem__(self, number):
        side = 2 + (self.ragged and number == 1)
        image = torch.full((1, side, 2, 2), float(number))
        return {
            "image": image if self.kind is torch.Tensor else self.kind(image),
            "label": number % 2,
            "sample_id": f"s{number}",
        }


BATCHES = [[0, 1], [2, 3], [4]]


def loaded(data, workers=0):
    return DataLoader(BatchDataset(data), batch_sampler=BATCHES, collate_fn=as_is, num_workers=workers)


@pytest.mark.parametrize("kind", [torch.Tensor, MetaTensor])
def test_batches_are_those_of_pytorchs_collation(kind):
    data = Numbered(kind)
    for batch, numbers in zip(loaded(data), BATCHES, strict=True):
        expected = default_collate([data[number] for number in numbers])
        assert batch.keys() == expected.keys()
        assert torch.equal(batch["image"], expected["image"])
        assert torch.equal(batch["label"], expected["label"])
        assert batch["sample_id"] == expected["sample_id"]


def test_batches_of_one_size_lie_in_the_same_memory():
    first, second, last = (batch["image"].data_ptr() for batch in loaded(Numbered()))
    assert first == second != last


@pytest.mark.parametrize("workers", [1])
def test_batches_of_a_worker_that_runs_ahead_do_not_overwrite_each_other(workers):
    images = [batch["image"] for batch in loaded(Numbered(), workers)]
    assert [image[:, 0, 0, 0, 0].tolist() for image in images] == [[0.0, 1.0], [2.0, 3.0], [4.0]]


def test_images_of_different_sizes_make_no_batch():
    with pytest.raises(
        RuntimeError, match=r"images of one batch differ: \(1, 3, 2, 2\).* beside \(1, 2, 2, 2\)"
    ):
        next(iter(loaded(Numbered(ragged=True))))
