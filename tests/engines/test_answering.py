"""Settings that change an answer but no shape: kept with the weights, refused where they differ."""

from __future__ import annotations

import json

import pytest
import torch
from monai.networks.nets import BasicUNet
from voting import Brightness, write_weights

from monai_mri.engines import AxialInferer, Evaluator, ResizingInferer
from monai_mri.engines.answering import answer_settings, load_trained
from monai_mri.engines.members import load_members
from monai_mri.engines.settings import describe
from monai_mri.errors import ConfigError
from monai_mri.networks import DeepLabV3Plus, ImageClassifier, LesionCNN, TwoViewResNet

SIZE = (24, 20)


def evaluator(network, *, inferer=None):
    return Evaluator(device="cpu", network=network, dataset=[], inferer=inferer)


def trained(network, folder, *, inferer=None, **facts):
    """Weights as a training of `network` leaves them."""
    settings = answer_settings(describe(network), evaluator(network, inferer=inferer))
    return write_weights(network, folder, settings=settings, **facts)


def deeplab(**settings):
    return DeepLabV3Plus(encoder="resnet18", decoder_channels=8, low_level_channels=4, **settings)


def two_views(**settings):
    return TwoViewResNet(depth=18, image_size=25, **settings)


@pytest.mark.parametrize(
    ("was", "asked", "message"),
    [
        (
            lambda: two_views(views=(0, 1)),
            lambda: two_views(views=(1, 0)),
            r"views: was \[0, 1\], is \[1, 0\]",
        ),
        (
            lambda: deeplab(atrous_rates=(6, 12, 18)),
            lambda: deeplab(atrous_rates=(1, 12, 18)),
            r"network_def::.*dilation: was \[6, 6\], is \[1, 1\]",
        ),
        (
            lambda: BasicUNet(2, 1, 1, features=(4,) * 6, act=("LeakyReLU", {"negative_slope": 0.1})),
            lambda: BasicUNet(2, 1, 1, features=(4,) * 6, act=("LeakyReLU", {"negative_slope": 0.3})),
            r"negative_slope: was 0\.1, is 0\.3",
        ),
        (
            lambda: BasicUNet(2, 1, 1, features=(4,) * 6, act="relu"),
            lambda: BasicUNet(2, 1, 1, features=(4,) * 6, act="tanh"),
            r"_target_: was 'ReLU', is 'Tanh'",
        ),
    ],
    ids=["views", "atrous_rates", "slope", "activation"],
)
def test_a_network_built_otherwise_is_refused_by_name(was, asked, message, tmp_path):
    weights = trained(was(), tmp_path)
    load_trained(evaluator(was()), weights)
    with pytest.raises(ConfigError, match=message):
        load_trained(evaluator(asked()), weights)


@pytest.mark.parametrize(
    ("was", "asked", "message"),
    [
        (ResizingInferer(SIZE), ResizingInferer((48, 40)), r"spatial_size: was \[24, 20\], is \[48, 40\]"),
        (ResizingInferer(SIZE), None, r"spatial_size: was \[24, 20\], is None"),
        (AxialInferer(), ResizingInferer(SIZE), r"spatial_size: was None, is \[24, 20\]"),
    ],
)
def test_images_shown_in_another_size_are_refused(was, asked, message, tmp_path):
    weights = trained(Brightness(), tmp_path, inferer=was)
    with pytest.raises(ConfigError, match=message):
        load_trained(evaluator(Brightness(), inferer=asked), weights)


@pytest.mark.parametrize(
    ("was", "asked"),
    [
        (
            lambda: ImageClassifier(backbone="resnet18", weights="imagenet", normalize=True, dropout=0.5),
            lambda: ImageClassifier(backbone="resnet18", weights="none", normalize=False),
        ),
        (lambda: two_views(dropout=0.15), lambda: two_views(dropout=0.0, weights="imagenet")),
        (
            lambda: BasicUNet(2, 1, 1, features=(4,) * 6, dropout=0.2),
            lambda: BasicUNet(2, 1, 1, features=(4,) * 6),
        ),
        (
            lambda: LesionCNN(in_channels=2, patch_size=8, filters=(2, 4), scale=True),
            lambda: LesionCNN(in_channels=2, patch_size=8, filters=(2, 4), scale=False),
        ),
    ],
)
def test_what_a_training_starts_from_dropout_and_what_weights_hold_do_not_count(was, asked, tmp_path):
    weights = trained(was(), tmp_path)
    step = evaluator(asked())
    assert load_trained(step, weights) is step.record


def test_windows_and_their_number_do_not_count(tmp_path):
    weights = trained(Brightness(), tmp_path, inferer=ResizingInferer(SIZE, sw_batch_size=1))
    load_trained(evaluator(Brightness(), inferer=ResizingInferer(SIZE, sw_batch_size=4)), weights)


def test_weights_of_an_older_version_are_taken(tmp_path):
    weights = write_weights(Brightness(), tmp_path)
    load_trained(evaluator(Brightness(), inferer=ResizingInferer(SIZE)), weights)


def test_a_setting_that_only_one_version_of_a_library_knows_is_no_difference(tmp_path):
    settings = answer_settings(describe(Brightness()), evaluator(Brightness()))
    settings["network_def"] |= {"newer": True}
    del settings["network_def"]["of"]
    load_trained(evaluator(Brightness()), write_weights(Brightness(), tmp_path, settings=settings))


def test_what_is_kept_does_not_change_when_the_network_is_used(tmp_path):
    network = two_views().eval()
    before = answer_settings(describe(network), None)
    with torch.inference_mode():
        network(torch.zeros(1, 1, 25, 25, 25))
    assert answer_settings(describe(network), None) == before
    assert json.loads(json.dumps(before)) == before
    assert "inferer" not in before


def test_among_several_networks_the_one_that_differs_is_named(tmp_path):
    weights = {"one": trained(Brightness(), tmp_path, classes=("low", "high"))}
    with pytest.raises(ConfigError, match=r"^weights::one: network_def::of: was 'mean', is 'max', and"):
        load_members({"one": evaluator(Brightness(of="max"))}, weights, kind="classifier")
