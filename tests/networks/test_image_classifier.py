from __future__ import annotations

import copy

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from monai_mri.errors import CheckpointError, ConfigError
from monai_mri.networks import ImageClassifier

PUBLISHED = {  # each with its classifier of 1000 classes, as papers and model zoos state them
    "resnet18": 11_689_512 - 513 * 1000,
    "resnet34": 21_797_672 - 513 * 1000,
    "resnet50": 25_557_032 - 2049 * 1000,
    "resnet101": 44_549_160 - 2049 * 1000,
    "inception_v3": 23_834_568 - 2049 * 1000,
    "inception_resnet_v2": 55_843_464 - 1537 * 1000,
}
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


INCEPTIONS = [
    pytest.param(name, marks=pytest.mark.slow) for name in PUBLISHED if name.startswith("inception")
]


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name.startswith("resnet")] + INCEPTIONS)
def test_the_backbone_has_the_published_number_of_parameters_and_the_head_is_one_layer(request, name):
    if name.startswith("inception"):
        request.getfixturevalue("timm")
    network = ImageClassifier(name, num_classes=3).eval()
    assert count(network.backbone) == PUBLISHED[name]
    assert count(network) == PUBLISHED[name] + 3 * (network.classifier.in_features + 1)
    with torch.no_grad():
        assert network(torch.zeros(2, 3, 75, 80)).shape == (2, 3)


def test_with_published_weights_and_torchvisions_head_the_logits_are_torchvisions(
    torchvision, publish, shake
):
    wanted = shake(torchvision.models.resnet18(num_classes=7))
    publish("resnet18", wanted.state_dict())
    network = ImageClassifier("resnet18", num_classes=7, weights="imagenet").eval()
    network.load_pretrained()
    network.classifier.load_state_dict(wanted.fc.state_dict())
    image = torch.rand(2, 3, 40, 50)
    mean, spread = (torch.tensor(values).reshape(3, 1, 1) for values in IMAGENET)
    with torch.no_grad():
        torch.testing.assert_close(network(image), wanted((image - mean) / spread))
        assert not torch.allclose(network(image), wanted(image), atol=1e-3)


def test_weights_of_a_training_with_one_head_start_another(tmp_path):
    first = ImageClassifier("resnet18", in_channels=1, num_classes=2)
    save_file(first.state_dict(), tmp_path / "model.safetensors")
    second = ImageClassifier("resnet18", in_channels=1, num_classes=4, weights=str(tmp_path))
    head = second.classifier.weight.clone()
    second.load_pretrained()
    for name, tensor in second.backbone.state_dict().items():
        assert torch.equal(tensor, first.backbone.state_dict()[name])
    assert torch.equal(second.classifier.weight, head)


def test_grey_images_get_the_features_that_three_copies_of_them_get(publish, torchvision, shake):
    publish("resnet18", shake(torchvision.models.resnet18()).state_dict())
    one, three = (
        ImageClassifier("resnet18", in_channels=channels, weights="imagenet", normalize=False).eval()
        for channels in (1, 3)
    )
    one.load_pretrained()
    three.load_pretrained()
    grey = torch.rand(2, 1, 40, 40)
    with torch.no_grad():
        torch.testing.assert_close(one.backbone(grey), three.backbone(grey.expand(-1, 3, -1, -1)))


@pytest.mark.parametrize("weights", ["imagenet", "no/such/file.safetensors"])
def test_constructing_evaluating_and_loading_need_no_file_of_weights(tmp_path, monkeypatch, weights):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    network = ImageClassifier("resnet18", weights=weights).eval()
    network.load_state_dict(ImageClassifier("resnet18").state_dict())
    assert network(torch.zeros(1, 3, 33, 33)).shape == (1, 2)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CheckpointError, match=r"resnet18-f37072fd.pth is not in|no weights there"):
        network.load_pretrained()


@pytest.mark.parametrize(
    ("name", "mean", "spread"),
    [("resnet18", *IMAGENET), ("inception_v3", (0.5,) * 3, (0.5,) * 3)],
)
def test_images_are_standardised_as_in_the_pretraining_of_the_backbone(request, name, mean, spread):
    if name.startswith("inception"):
        request.getfixturevalue("timm")
    layer = ImageClassifier(name).standardise
    torch.testing.assert_close(layer.mean.flatten(), torch.tensor(mean))
    torch.testing.assert_close(layer.spread.flatten(), torch.tensor(spread))


def test_without_normalize_the_backbone_sees_the_image_as_it_is():
    network = ImageClassifier("resnet18", normalize=False).eval()
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(network(image), network.classifier(network.backbone(image)))


def test_dropout_works_in_training_only():
    torch.manual_seed(0)
    network = ImageClassifier("resnet18", dropout=0.5).eval()
    image = torch.rand(2, 3, 40, 40)
    assert torch.equal(network(image), network(image))
    network.dropout.train()
    assert not torch.equal(network(image), network(image))


@pytest.mark.parametrize("name", ["resnet18", INCEPTIONS[0]])
def test_the_seed_repeats_the_weights_and_a_safetensors_file_holds_them(request, tmp_path, name):
    if name.startswith("inception"):
        request.getfixturevalue("timm")

    def weights() -> dict[str, torch.Tensor]:
        torch.manual_seed(2)
        return ImageClassifier(name).state_dict()

    first, again = weights(), weights()
    save_file(first, tmp_path / "a.safetensors")
    loaded = load_file(tmp_path / "a.safetensors")
    assert first.keys() == loaded.keys()
    assert all(torch.equal(first[key], again[key]) and torch.equal(first[key], loaded[key]) for key in first)


def test_memory_order_changes_nothing_but_rounding_and_a_copy_is_the_same():
    torch.manual_seed(0)
    network, image = ImageClassifier("resnet18").eval(), torch.rand(2, 3, 40, 40)
    with torch.no_grad():
        wanted = network(image)
        assert torch.equal(copy.deepcopy(network)(image), wanted)
        network = network.to(memory_format=torch.channels_last)
        found = network(image.to(memory_format=torch.channels_last))
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4)


def test_every_parameter_gets_a_gradient():
    network = ImageClassifier("resnet18")
    network(torch.rand(2, 3, 64, 64)).square().sum().backward()
    assert all(bool(parameter.grad.abs().sum() > 0) for parameter in network.parameters())


def test_an_image_too_small_for_an_inception_is_refused_and_the_least_one_is_not(timm):
    network = ImageClassifier("inception_v3").eval()
    with pytest.raises(ValueError, match="74 x 90 pixels, inception_v3 takes at least 75 x 75"):
        network(torch.zeros(1, 3, 74, 90))
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 75, 75)).shape == (1, 2)


def test_another_size_is_refused_where_the_backbone_takes_one(timm):
    network = ImageClassifier("test_vit").eval()
    with pytest.raises(ValueError, match="64 x 64 pixels, test_vit takes 160 x 160"):
        network(torch.zeros(1, 3, 64, 64))
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 160, 160)).shape == (1, 2)


@pytest.mark.parametrize("shape", [(1, 1, 40, 40), (3, 40, 40)])
def test_images_of_other_channels_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected \(B, 3, H, W\)"):
        ImageClassifier("resnet18")(torch.zeros(shape))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_classes": 1}, "num_classes is 1"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"dropout": -0.1}, "dropout"),
        ({"in_channels": 0}, "in_channels is 0"),
    ],
)
def test_wrong_settings_are_refused_with_their_name(settings, message):
    with pytest.raises(ConfigError, match=message):
        ImageClassifier("resnet18", **settings)
