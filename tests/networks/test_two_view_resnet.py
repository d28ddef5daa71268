from __future__ import annotations

import pytest
import torch
from monai.networks.nets import DenseNet121, resnet18, resnet34
from safetensors.torch import load_file, save_file
from torch import nn

from monai_mri.engines.class_shapes import fixed_shape
from monai_mri.errors import CheckpointError, ConfigError
from monai_mri.networks import ImageClassifier, TwoViewResNet


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def small(**settings) -> TwoViewResNet:
    return TwoViewResNet(18, 13, **settings)


@pytest.mark.parametrize(("depth", "parameters"), [(18, 11_682_562), (34, 21_790_722)])
def test_the_stated_numbers_of_parameters_are_those_of_the_layers(depth, parameters):
    network = TwoViewResNet(depth=depth, image_size=100, num_classes=2)
    compression = 100 * 32 * 7 * 7 + 2 * 32
    backbone = {18: 11_176_512, 34: 21_284_672}[depth] + (64 - 3) * 64 * 7 * 7
    assert count(network) == parameters == 2 * compression + backbone + 2 * 513


def test_a_cube_of_100_becomes_64_maps_of_32_by_32():
    network, seen = TwoViewResNet(), []
    network.backbone.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape))
    with torch.no_grad():
        assert network.eval()(torch.zeros(1, 1, 100, 100, 100)).shape == (1, 2)
    assert seen == [(1, 64, 32, 32)]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_view_is_the_convolution_over_slices_along_its_axis(axis):
    torch.manual_seed(0)
    network, seen = small(in_channels=2, views=[axis]).eval(), []
    network.backbone.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    volume = torch.randn(2, 2, 13, 13, 13)
    with torch.no_grad():
        network(volume)
        kernel = network.compress[0][0].weight.unflatten(1, (2, 13))
        planes = [
            nn.functional.conv2d(volume.select(axis + 2, place), kernel[:, :, place], stride=3)
            for place in range(13)
        ]
        wanted = network.compress[0][1:](sum(planes))
    torch.testing.assert_close(seen[0], wanted, rtol=1e-4, atol=1e-4)
    assert seen[0].shape == (2, 32, 3, 3)


def test_the_views_see_different_things():
    torch.manual_seed(0)
    network = small(views=(0, 1)).eval()
    volume = torch.randn(1, 1, 13, 13, 13)
    with torch.no_grad():
        assert not torch.allclose(network(volume), network(volume.transpose(2, 3)), atol=1e-4)


@pytest.mark.parametrize("views", [(0,), (2,), (0, 2), (0, 1, 2), [1, 0]])
def test_one_to_three_views_are_one_override(views):
    network = small(views=views)
    assert network(torch.zeros(2, 1, 13, 13, 13)).shape == (2, 2)
    assert network.backbone.conv1.in_channels == 32 * len(views)


def test_pretrained_weights_fill_the_resnet_but_for_its_stem(publish, torchvision, shake):
    published = shake(torchvision.models.resnet18()).state_dict()
    publish("resnet18", published)
    torch.manual_seed(0)
    network = small(weights="imagenet")
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.load_pretrained()
    for name, tensor in network.state_dict().items():
        inner = name.removeprefix("backbone.")
        filled = inner.startswith("layer")
        assert torch.equal(tensor, published[inner] if filled else before[name]), name


@pytest.mark.parametrize("channels", [1, 3])
def test_a_slice_classifiers_training_can_be_the_start(tmp_path, channels):
    trained = ImageClassifier("resnet18", in_channels=channels, num_classes=4)
    save_file(trained.state_dict(), tmp_path / "model.safetensors")
    network = small(weights=str(tmp_path))
    network.load_pretrained()
    assert torch.equal(network.backbone.layer4[1].conv2.weight, trained.backbone.layer4[1].conv2.weight)


def test_its_own_training_can_be_the_start_of_another_with_as_many_views_but_of_no_slice_classifier(tmp_path):
    trained = small()
    save_file(trained.state_dict(), tmp_path / "model.safetensors")
    network = small(weights=str(tmp_path))
    network.load_pretrained()
    assert torch.equal(network.backbone.layer4[1].conv2.weight, trained.backbone.layer4[1].conv2.weight)
    slices = ImageClassifier("resnet18", weights=str(tmp_path))
    before = {name: tensor.clone() for name, tensor in slices.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"takes 64 channels, expected 3 as here, or 1 or 3.*or none"):
        slices.load_pretrained()
    assert all(torch.equal(tensor, before[name]) for name, tensor in slices.state_dict().items())


def test_weights_of_another_depth_are_refused(tmp_path):
    save_file(ImageClassifier("resnet34").state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"layer1\.2\.\S+ is .* there and missing here; 80 of 180"):
        small(weights=str(tmp_path)).load_pretrained()


def test_the_engines_know_the_one_shape_it_takes():
    assert fixed_shape(small()) == (13, 13, 13)


def test_the_seed_repeats_the_weights_and_a_safetensors_file_holds_them(tmp_path):
    def weights() -> dict[str, torch.Tensor]:
        torch.manual_seed(2)
        return small().state_dict()

    first, again = weights(), weights()
    save_file(first, tmp_path / "a.safetensors")
    loaded = load_file(tmp_path / "a.safetensors")
    assert all(torch.equal(first[key], again[key]) and torch.equal(first[key], loaded[key]) for key in first)


@pytest.mark.parametrize("order", [torch.channels_last, torch.channels_last_3d])
def test_memory_order_changes_nothing_but_rounding(order):
    torch.manual_seed(0)
    network, volume = small().eval(), torch.randn(2, 1, 13, 13, 13)
    with torch.no_grad():
        wanted = network(volume)
        found = network.to(memory_format=torch.channels_last)(
            volume.to(memory_format=torch.channels_last_3d) if order is torch.channels_last_3d else volume
        )
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4)


def test_every_parameter_gets_a_gradient_and_dropout_is_before_the_last_layer():
    torch.manual_seed(0)
    network = TwoViewResNet(18, 40)
    assert network.dropout.p == 0.15
    network(torch.rand(3, 1, 40, 40, 40)).square().sum().backward()
    assert all(bool(parameter.grad.abs().sum() > 0) for parameter in network.parameters())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"depth": 20}, "depth is 20"),
        ({"image_size": 6}, "image_size is 6"),
        ({"views": ()}, r"views are \(\)"),
        ({"views": (0, 0)}, "different"),
        ({"views": (0, 3)}, "of 0, 1, 2"),
        ({"in_channels": 0}, "in_channels is 0"),
        ({"num_classes": 1}, "num_classes is 1"),
        ({"dropout": 1}, "dropout is 1"),
    ],
)
def test_wrong_settings_are_refused_with_their_name(settings, message):
    with pytest.raises(ConfigError, match=message):
        TwoViewResNet(**({"image_size": 13} | settings))


@pytest.mark.parametrize("shape", [(1, 1, 13, 13, 12), (1, 2, 13, 13, 13), (1, 13, 13, 13)])
def test_volumes_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected \(B, 1, 13, 13, 13\); resize them"):
        small()(torch.zeros(shape))


@pytest.mark.parametrize(
    "baseline",
    [
        lambda: resnet18(spatial_dims=3, n_input_channels=1, num_classes=2, conv1_t_stride=2),
        lambda: resnet34(spatial_dims=3, n_input_channels=1, num_classes=2, conv1_t_stride=2),
        lambda: DenseNet121(spatial_dims=3, in_channels=1, out_channels=2),
    ],
)
def test_the_3d_baselines_of_monai_take_the_same_volumes(baseline):
    with torch.no_grad():
        assert baseline().eval()(torch.zeros(1, 1, 33, 33, 33)).shape == (1, 2)
