from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from monai_mri.errors import CheckpointError, ConfigError
from monai_mri.networks import DeepLabV3Plus, ImageClassifier

SAME_AS_SMP = {
    "atrous_rates": (12, 24, 36),
    "separable": True,
    "refine": True,
    "decoder_convolutions": 1,
    "normalize": False,
}


def small(**settings) -> DeepLabV3Plus:
    return DeepLabV3Plus(
        **({"encoder": "resnet18", "decoder_channels": 8, "low_level_channels": 4} | settings)
    )


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.fixture
def smp(timm):
    """The package segmentation_models_pytorch, or a skip; `timm` has prepared torchvision."""
    return pytest.importorskip("segmentation_models_pytorch", reason="the extra dev is not installed")


def copied(own: DeepLabV3Plus, other: nn.Module) -> DeepLabV3Plus:
    """Our network with the weights of segmentation_models_pytorch's, part by part and in order."""
    decoder = other.decoder
    for mine, theirs in (
        (own.encoder, other.encoder),
        (own.pyramid, decoder.aspp[0]),
        (own.refine, decoder.aspp[1:]),
        (own.low_level, decoder.block1),
        (own.decoder, decoder.block2),
        (own.head, other.segmentation_head),
    ):
        assert count(mine) == count(theirs)
        given = [value for name, value in theirs.state_dict().items() if not name.startswith("fc.")]
        mine.load_state_dict(dict(zip(mine.state_dict(), given, strict=True)))
    return own


@pytest.mark.parametrize(
    "encoder", ["resnet18", "resnet34", pytest.param("resnet101", marks=pytest.mark.slow)]
)
def test_outputs_are_those_of_segmentation_models_pytorch_with_the_same_weights(smp, shake, encoder):
    torch.manual_seed(0)
    other = shake(smp.DeepLabV3Plus(encoder_name=encoder, encoder_weights=None, classes=2))
    own = copied(DeepLabV3Plus(3, 2, encoder=encoder, **SAME_AS_SMP), other).eval()
    assert count(own) == count(other)
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        found, wanted = own(image), other(image)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5 * float(wanted.abs().max()))
    assert wanted.std() > 1e-3


def test_in_training_gradients_are_those_of_segmentation_models_pytorch(smp, shake):
    torch.manual_seed(0)
    other = shake(smp.DeepLabV3Plus("resnet18", encoder_weights=None, decoder_aspp_dropout=0.0)).train()
    own = copied(DeepLabV3Plus(encoder="resnet18", dropout=0.0, **SAME_AS_SMP), other).train()
    image = torch.rand(2, 3, 32, 48)
    for network in (own, other):
        network(image).square().mean().backward()
    found, wanted = own.encoder.layer1[0].conv1.weight.grad, other.encoder.layer1[0].conv1.weight.grad
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4 * float(wanted.abs().max()))


def test_the_stated_number_of_parameters_is_the_sum_of_the_published_layers():
    encoder = 44_549_160 - 2049 * 1000
    pyramid = (2 * 2048 + 9 * 3 * 2048) * 256 + 5 * 256 * 256 + 6 * 2 * 256
    decoder = 256 * 48 + 2 * 48 + 9 * 256 * (304 + 256) + 2 * 2 * 256 + 257
    assert count(DeepLabV3Plus()) == encoder + pyramid + decoder == 59_339_169


@pytest.mark.parametrize("encoder", ["resnet18", "resnet50"])
def test_maps_have_a_fourth_and_a_16th_of_the_side(encoder):
    with torch.no_grad():
        early, late = small(encoder=encoder).eval()._encode(torch.zeros(1, 3, 64, 80))
    assert (early.shape[2:], late.shape[2:]) == ((16, 20), (4, 5))


@pytest.mark.parametrize("size", [(1, 1), (7, 40), (16, 16), (33, 50), (65, 31)])
@pytest.mark.parametrize("separable", [False, True])
def test_the_map_has_the_size_of_the_image_whatever_that_is(size, separable):
    with torch.no_grad():
        assert small(separable=separable).eval()(torch.rand(2, 3, *size)).shape == (2, 1, *size)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_other_channels_and_several_maps_are_one_override(channels):
    network = small(in_channels=channels, out_channels=3).eval()
    assert network(torch.rand(1, channels, 20, 24)).shape == (1, 3, 20, 24)


def test_a_mirrored_image_of_odd_side_gives_the_mirrored_map_with_mirrored_kernels():
    torch.manual_seed(0)
    network, mirror = small().eval(), small().eval()
    mirror.load_state_dict(
        {
            name: tensor.flip(-1) if tensor.ndim == 4 else tensor
            for name, tensor in network.state_dict().items()
        }
    )
    image = torch.rand(1, 3, 65, 65)
    with torch.no_grad():
        torch.testing.assert_close(mirror(image.flip(-1)).flip(-1), network(image), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("batch", [1, 2])
def test_it_trains_with_one_image_a_batch_too_and_every_parameter_gets_a_gradient(batch):
    torch.manual_seed(0)
    network = small(dropout=0.0)
    network(torch.rand(batch, 3, 64, 64)).square().sum().backward()
    assert all(bool(parameter.grad.isfinite().all()) for parameter in network.parameters())
    assert all(bool(parameter.grad.abs().sum() > 0) for parameter in network.encoder.parameters())


def test_published_weights_fill_the_encoder_and_nothing_else(publish, torchvision, shake):
    published = shake(torchvision.models.resnet18()).state_dict()
    publish("resnet18", published)
    network = small(weights="imagenet")
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.load_pretrained()
    for name, tensor in network.state_dict().items():
        start, _, inner = name.partition(".")
        assert torch.equal(tensor, published[inner] if start == "encoder" else before[name]), name


def test_a_classifiers_training_can_be_the_start_of_the_encoder(tmp_path):
    trained = ImageClassifier("resnet18", num_classes=4)
    save_file(trained.state_dict(), tmp_path / "model.safetensors")
    network = small(weights=str(tmp_path / "model.safetensors"))
    network.load_pretrained()
    assert torch.equal(network.encoder.conv1.weight, trained.backbone.conv1.weight)


def test_constructing_needs_no_file_and_loading_says_which_one_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    network = small(weights="imagenet")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CheckpointError, match=r"resnet18-f37072fd.pth is not in"):
        network.load_pretrained()


def test_the_seed_repeats_the_weights_and_a_safetensors_file_holds_them(tmp_path):
    def weights() -> dict[str, torch.Tensor]:
        torch.manual_seed(2)
        return small(separable=True, refine=True).state_dict()

    first, again = weights(), weights()
    save_file(first, tmp_path / "a.safetensors")
    loaded = load_file(tmp_path / "a.safetensors")
    assert all(torch.equal(first[key], again[key]) and torch.equal(first[key], loaded[key]) for key in first)


def test_memory_order_changes_nothing_but_rounding():
    torch.manual_seed(0)
    network, image = small().eval(), torch.rand(2, 3, 40, 48)
    with torch.no_grad():
        wanted = network(image)
        found = network.to(memory_format=torch.channels_last)(image.to(memory_format=torch.channels_last))
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoder": "inception_v3"}, "'inception_v3' found, expected one of resnet18"),
        ({"atrous_rates": ()}, r"atrous_rates are \(\)"),
        ({"atrous_rates": (6, 0)}, "atrous_rates"),
        ({"in_channels": 0}, "in_channels is 0"),
        ({"out_channels": 0}, "out_channels is 0"),
        ({"low_level_channels": 0}, "low_level_channels"),
        ({"decoder_channels": 0}, "decoder_channels"),
        ({"decoder_convolutions": 0}, "decoder_convolutions"),
        ({"dropout": 1}, "dropout is 1"),
    ],
)
def test_wrong_settings_are_refused_with_their_name(settings, message):
    with pytest.raises(ConfigError, match=message):
        small(**settings)


def test_images_of_other_channels_are_refused():
    with pytest.raises(ValueError, match=r"expected \(B, 3, H, W\)"):
        small()(torch.zeros(1, 1, 20, 20))
