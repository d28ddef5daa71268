from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.losses import DiceLoss
from monai.networks.nets import UNet
from monai.transforms import Activationsd, Compose, RandFlipd, RandRotated
from PIL import Image
from torch import nn

from monai_mri.engines import (
    BestF1,
    Evaluator,
    ManifestDataset,
    ResizingInferer,
    SliceDataset,
    Trainer,
    initialize,
)
from monai_mri.errors import ConfigError
from monai_mri.manifest import write_manifest
from monai_mri.transforms import ReadMRId, ResizeImaged, ScaleToUnitd, resize_image

KEYS = {"keys": ["image", "label"]}


class Watching(nn.Module):
    """A network for maps of two classes that remembers what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Conv2d(3, 2, 3, padding=1)
        self.seen: list[torch.Tensor] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen.append(images)
        return self.layer(images)


def classify(images: torch.Tensor) -> torch.Tensor:
    return images.mean(dim=(2, 3))


@pytest.mark.parametrize("size", [(20, 30), (64, 40), (7, 90), (16, 24)])
def test_the_network_sees_one_size_and_the_map_has_that_of_the_picture(size):
    network, image = Watching(), torch.rand(2, 3, *size)
    map_ = ResizingInferer((16, 24))(image, network)
    assert map_.shape == (2, 2, *size)
    assert [seen.shape for seen in network.seen] == [(2, 3, 16, 24)]
    torch.testing.assert_close(map_, resize_image(network.layer(resize_image(image, (16, 24))), size))


def test_the_network_sees_what_training_shows_it():
    network, image = Watching(), torch.rand(3, 50, 61)
    ResizingInferer([32, 32])(image[None], network)
    trained = ResizeImaged(keys="image", spatial_size=[32, 32])({"image": image})["image"]
    torch.testing.assert_close(network.seen[0][0], trained, rtol=1e-6, atol=1e-6)


def test_a_picture_of_the_networks_size_is_not_changed():
    network, image = Watching(), torch.rand(1, 3, 16, 16)
    assert torch.equal(ResizingInferer((16, 16))(image, network), network.layer(image))


def test_what_the_network_marks_lies_where_it_was():
    image = torch.zeros(1, 1, 90, 60)
    image[..., 30:42, 10:26] = 1
    map_ = ResizingInferer((64, 64))(image, lambda shown: shown * 2 - 1)
    marked, true = map_ > 0, image > 0
    assert 2 * (marked & true).sum() / (marked.sum() + true.sum()) > 0.95


def test_class_scores_stay_as_they_are():
    image = torch.rand(5, 3, 30, 40)
    scores = ResizingInferer((16, 16), sw_batch_size=2)(image, classify)
    torch.testing.assert_close(scores, classify(resize_image(image, (16, 16))))


@pytest.mark.parametrize("sw_batch_size", [1, 2, 8])
def test_a_volume_is_taken_slice_by_slice(sw_batch_size):
    network, volume = Watching(), torch.rand(2, 3, 20, 30, 3)
    inferer = ResizingInferer((16, 24), sw_batch_size=sw_batch_size)
    map_ = inferer(volume, network)
    assert map_.shape == (2, 2, 20, 30, 3)
    assert max(len(seen) for seen in network.seen) <= sw_batch_size
    assert sum(len(seen) for seen in network.seen) == 6
    for depth in range(3):
        torch.testing.assert_close(map_[..., depth], inferer(volume[..., depth], network))


def test_a_volume_of_one_slice_stays_a_volume():
    assert ResizingInferer((8, 8))(torch.rand(1, 3, 9, 10, 1), Watching()).shape == (1, 2, 9, 10, 1)


def test_class_scores_of_a_volume_are_refused():
    with pytest.raises(ConfigError, match=r"class scores \(4, 3\) of a volume.*SliceDataset"):
        ResizingInferer((8, 8))(torch.rand(1, 3, 9, 10, 4), classify)


def test_a_meta_tensor_gives_the_same_map():
    network, image = Watching(), torch.rand(1, 3, 30, 20)
    map_ = ResizingInferer((16, 16))(MetaTensor(image), network)
    assert type(map_) is torch.Tensor
    assert torch.equal(map_, ResizingInferer((16, 16))(image, network))


def test_maps_of_mixed_precision_are_brought_back_too():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        map_ = ResizingInferer((16, 16))(torch.rand(1, 3, 30, 20), Watching())
    assert map_.shape == (1, 2, 30, 20)
    assert torch.isfinite(map_).all()


def test_further_arguments_of_the_network_pass():
    def add(images: torch.Tensor, amount: float, *, sign: int) -> torch.Tensor:
        return images + sign * amount

    image = torch.ones(1, 1, 9, 9)
    torch.testing.assert_close(ResizingInferer((4, 4))(image, add, 2.0, sign=-1), image - 2)


@pytest.mark.parametrize(
    "settings", [{"spatial_size": [256]}, {"spatial_size": [0, 2]}, {"sw_batch_size": 0}]
)
def test_settings_that_cannot_be_are_refused(settings):
    with pytest.raises(ConfigError, match=r"ResizingInferer: (spatial_size|sw_batch_size) is"):
        ResizingInferer(**settings)


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Manifest of eight colour pictures of eight sizes; a square of 10 x 10 pixels is greener, and lesion."""
    rng, rows = np.random.default_rng(0), []
    for number in range(8):
        height, width = (int(side) for side in rng.integers(30, 60, 2))
        picture = rng.integers(0, 100, (height, width, 3)).astype(np.uint8)
        mask = np.zeros((height, width), np.uint8)
        row, column = int(rng.integers(4, height - 14)), int(rng.integers(4, width - 14))
        mask[row : row + 10, column : column + 10] = 255
        picture[mask > 0, 1] += 120
        Image.fromarray(picture).save(tmp_path / f"i{number}.tif")
        Image.fromarray(mask).save(tmp_path / f"m{number}.tif")
        names = {"flair": f"i{number}.tif", "mask": f"m{number}.tif"}
        rows.append({"subject_id": f"p{number}", "session_id": "", "site": "", **names})
    return write_manifest(tmp_path / "manifest.csv", rows).path


def test_what_was_trained_on_one_size_is_right_on_pictures_of_their_own(pictures):
    initialize(seed=0)
    read = Compose([ReadMRId(**KEYS, mask_keys="label", colour=True), ScaleToUnitd(keys="image")])
    images = ManifestDataset(manifest=pictures, part="all", images=["flair"], transform=read)
    moves = [
        ResizeImaged(**KEYS, mask_keys="label", spatial_size=(32, 32)),
        RandFlipd(**KEYS, prob=0.5, spatial_axis=0),
        RandRotated(**KEYS, range_x=0.2, prob=0.5, mode=["bilinear", "nearest"], padding_mode="zeros"),
    ]
    network = UNet(spatial_dims=2, in_channels=3, out_channels=1, channels=(8, 16), strides=(2,))
    trainer = Trainer(
        device="cpu",
        max_epochs=6,
        network=network,
        optimizer=partial(torch.optim.Adam, lr=0.01),
        loss_function=DiceLoss(sigmoid=True, batch=True),
        dataset=SliceDataset(data=images, slices="with_lesion", augment=Compose(moves)),
        batch_size=4,
    )
    trainer.prepare()
    trainer.run()
    evaluator = Evaluator(
        device="cpu",
        network=network,
        dataset=SliceDataset(data=images),
        inferer=ResizingInferer((32, 32)),
        postprocessing=Activationsd(keys="pred", sigmoid=True),
        key_val_metric=BestF1(),
    )
    evaluator.run()
    assert evaluator.state.metrics["val_f1"] > 0.8
