from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from torch.utils.data import DataLoader

from monai_mri.errors import ImageError
from monai_mri.transforms import (
    CubeSymmetryDataset,
    RandCubeSymmetryBatchd,
    RandCubeSymmetryd,
    apply_symmetry,
    cube_symmetries,
)


def sample() -> dict:
    image = torch.arange(2 * 27.0).reshape(2, 3, 3, 3)
    return {"image": image, "mask": image[:1] > 9, "label": 1}


def index_of(copy: torch.Tensor, volume: torch.Tensor) -> int:
    same = (cube_symmetries(volume) == copy).flatten(1).all(1)
    assert same.sum() == 1
    return int(same.nonzero())


def test_image_and_mask_get_the_same_symmetry():
    transform = RandCubeSymmetryd(["image", "mask"]).set_random_state(seed=3)
    for _ in range(10):
        turned = transform(sample())
        index = index_of(turned["image"], sample()["image"])
        assert torch.equal(turned["mask"], apply_symmetry(sample()["mask"], index))
        assert turned["label"] == 1


def test_the_seed_decides_and_all_48_come():
    def drawn(seed: int) -> list[int]:
        transform = RandCubeSymmetryd("image").set_random_state(seed=seed)
        return [index_of(transform(sample())["image"], sample()["image"]) for _ in range(400)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert set(drawn(1)) == set(range(48))


def test_the_sample_given_is_left_alone():
    given = sample()
    RandCubeSymmetryd("image").set_random_state(seed=5)(given)
    assert torch.equal(given["image"], sample()["image"])


def batch(size: int) -> dict:
    images = torch.stack([sample()["image"] + 100 * place for place in range(size)])
    return {"image": images, "mask": images[:, :1] % 2 == 0, "label": torch.zeros(size)}


def test_each_sample_of_a_batch_gets_its_own_symmetry_alike_for_all_keys():
    given = batch(20)
    turned = RandCubeSymmetryBatchd(["image", "mask"]).set_random_state(seed=0)(given)
    drawn = [index_of(one, of) for one, of in zip(turned["image"], given["image"], strict=True)]
    assert len(set(drawn)) > 10
    for place, index in enumerate(drawn):
        assert torch.equal(turned["mask"][place], apply_symmetry(given["mask"][place], index))
    again = RandCubeSymmetryBatchd(["image", "mask"]).set_random_state(seed=0)(given)
    assert torch.equal(again["image"], turned["image"])
    assert torch.equal(given["image"], batch(20)["image"])


def test_a_batch_in_channels_last_order_or_of_metatensors_comes_out_right():
    given = batch(5)
    plain = RandCubeSymmetryBatchd("image").set_random_state(seed=0)(given)["image"]
    for other in (
        given["image"].to(memory_format=torch.channels_last_3d),
        MetaTensor(given["image"]),
    ):
        turned = RandCubeSymmetryBatchd("image").set_random_state(seed=0)({"image": other})["image"]
        assert type(turned) is torch.Tensor
        assert torch.equal(turned, plain)


def test_an_uneven_volume_is_refused_with_its_key():
    uneven = {"qsm": torch.zeros(1, 3, 3, 4)}
    with pytest.raises(ImageError, match="qsm: shape"):
        RandCubeSymmetryd("qsm")(uneven)
    with pytest.raises(ImageError, match="qsm: shape"):
        RandCubeSymmetryBatchd("qsm")({"qsm": uneven["qsm"][None]})
    with pytest.raises(ImageError, match="qsm: shape"):
        CubeSymmetryDataset(data=[uneven], keys="qsm")[0]


def test_keys_of_a_batch_must_be_of_one_length():
    with pytest.raises(ImageError, match="mask: 2 samples, expected the 3"):
        RandCubeSymmetryBatchd(["image", "mask"])({"image": batch(3)["image"], "mask": batch(2)["mask"]})


def test_the_dataset_holds_all_48_copies_of_each_sample_in_a_row():
    samples = [sample(), sample() | {"image": sample()["image"] + 100, "label": 0}]
    copies = CubeSymmetryDataset(data=samples, keys=["image", "mask"])
    assert len(copies) == 96
    for row in range(2):
        wanted = cube_symmetries(samples[row]["image"])
        for index in range(48):
            found = copies[48 * row + index]
            assert torch.equal(found["image"], wanted[index])
            assert torch.equal(found["mask"], apply_symmetry(samples[row]["mask"], index))
            assert found["label"] == samples[row]["label"]
    with pytest.raises(IndexError):
        copies[96]
    assert next(iter(DataLoader(copies, batch_size=4)))["image"].shape == (4, 2, 3, 3, 3)


def test_the_dataset_passes_epochs_subjects_labels_and_reading_on():
    class Below:
        subjects, labels = ["a"], [1]
        asked: list = []  # noqa: RUF012
        read = 0

        def __len__(self) -> int:
            return 1

        def __getitem__(self, index):
            self.asked.append(index)
            return sample()

        def prepare(self) -> None:
            self.read += 1

    below = Below()
    copies = CubeSymmetryDataset(data=below, keys=["image"])
    copies[(3, 30)]
    copies[30]
    copies.prepare()
    CubeSymmetryDataset(data=[sample()], keys=["image"]).prepare()
    assert below.asked == [(3, 0), 0]
    assert (copies.subjects, copies.labels, below.read) == (["a"], [1] * 48, 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8, torch.bfloat16])
def test_each_symmetry_of_a_plain_tensor_is_that_of_apply_symmetry(dtype):
    image = torch.arange(2 * 27).reshape(2, 3, 3, 3).to(dtype)
    before, transform = image.clone(), RandCubeSymmetryd(keys="image")
    seen = set()
    for seed in range(200):
        transform.set_random_state(seed=seed)
        index = int(np.random.RandomState(seed).randint(48))
        found = transform({"image": image})["image"]
        assert type(found) is torch.Tensor
        assert found.is_contiguous()
        assert torch.equal(found, apply_symmetry(image, index))
        found += 1
        seen.add(index)
    assert len(seen) > 40
    assert torch.equal(image, before)
