from __future__ import annotations

import pytest
import torch
from monai.visualize import GradCAM
from torch import nn

from monai_mri.networks import LesionCNN


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def small(**settings) -> LesionCNN:
    return LesionCNN(**({"in_channels": 2, "patch_size": 9, "filters": (3, 4, 5)} | settings))


def plain(network: LesionCNN) -> nn.Sequential:
    """The published layers in the published order, with the network's weights."""
    layers: list[nn.Module] = []
    for layer in network.features:
        if isinstance(layer, nn.Conv3d):
            layers.append(layer)
        if isinstance(layer, nn.BatchNorm3d):
            layers += [layer, nn.ReLU(), nn.MaxPool3d(2, stride=2)]
    return nn.Sequential(*layers, *network.classifier)


@pytest.mark.parametrize(
    ("channels", "padding", "parameters", "size"),
    [(3, "same", 354_114, 8), (2, "same", 352_386, 8), (1, "same", 350_658, 8), (3, "valid", 339_778, 5)],
)
def test_the_stated_numbers_of_parameters_and_voxels_are_the_real_ones(channels, padding, parameters, size):
    network = LesionCNN(channels, 35, padding=padding)
    assert count(network) == parameters
    with torch.no_grad():
        assert network(torch.zeros(1, channels, 35, 35, 35)).shape == (1, 2)
        assert network.features(torch.zeros(1, channels, 35, 35, 35)).shape == (1, 128, size, size, size)
    assert network.feature_size == size


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("padding", "size"), [("same", 9), ("valid", 23)])
def test_outputs_and_gradients_are_those_of_the_published_order_of_layers(padding, size, training):
    torch.manual_seed(0)
    network = small(padding=padding, patch_size=size).train(training)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm3d):
            nn.init.normal_(layer.weight)
    patch = torch.randn(4, 2, size, size, size)
    found, wanted = network(patch), plain(network)(patch)
    torch.testing.assert_close(found, wanted)
    weights = list(network.parameters())
    torch.testing.assert_close(
        torch.autograd.grad(found.square().sum(), weights),
        torch.autograd.grad(wanted.square().sum(), weights),
        rtol=1e-3,
        atol=1e-3,
    )


@pytest.mark.parametrize("center", ["channel", "voxel"])
def test_the_fitted_mean_is_that_of_all_patches_whatever_the_batches(center):
    torch.manual_seed(0)
    patches = torch.randn(7, 2, 9, 9, 9) + 5
    network = small(center=center)
    network.fit_input(batch for batch in patches.split(3))
    wanted = patches.mean(0) if center == "voxel" else patches.mean((0, 2, 3, 4)).reshape(2, 1, 1, 1)
    torch.testing.assert_close(network.mean[0], wanted)


@pytest.mark.parametrize("center", ["channel", "voxel"])
def test_with_scale_channels_of_any_unit_give_the_same_answer(center):
    torch.manual_seed(0)
    patches = torch.randn(7, 2, 9, 9, 9)
    units = torch.tensor([70.0, 0.02]).reshape(2, 1, 1, 1)
    network, other = small(center=center, scale=True).eval(), small(center=center, scale=True).eval()
    other.load_state_dict(network.state_dict())
    network.fit_input(patches.split(3))
    other.fit_input((patches * units + 490 * units).split(2))
    torch.testing.assert_close(network.spread.flatten(), patches.std((0, 2, 3, 4), correction=0))
    torch.testing.assert_close(other.spread[0], network.spread[0] * units)
    torch.testing.assert_close(other(patches * units + 490 * units), network(patches), rtol=1e-3, atol=1e-3)
    reloaded = small(center=center, scale=True)
    reloaded.load_state_dict(other.state_dict())
    assert torch.equal(reloaded.spread, other.spread)


def test_without_scale_the_spread_stays_1():
    network = small()
    network.fit_input([70 * torch.randn(3, 2, 9, 9, 9)])
    assert network.spread.unique().tolist() == [1]


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_a_channel_that_does_not_vary_is_divided_by_1(value):
    network = small(scale=True)
    patches = torch.randn(5, 2, 9, 9, 9)
    patches[:, 1] = value
    network.fit_input(patches.split(2))
    assert network.spread[0, 1].item() == 1
    assert network.spread[0, 0].item() == pytest.approx(1, abs=0.1)


def test_the_mean_is_subtracted_and_kept_in_the_checkpoint():
    network = small().eval()
    patch = torch.randn(1, 2, 9, 9, 9)
    wanted = network(patch)
    network.set_mean([3.0, -2.0])
    torch.testing.assert_close(network(patch + torch.tensor([3.0, -2.0]).reshape(2, 1, 1, 1)), wanted)
    other = small().eval()
    assert other.mean.abs().max() == 0
    other.load_state_dict(network.state_dict())
    assert other.mean.flatten().tolist() == [3, -2]
    assert "mean" not in dict(other.named_parameters())


def test_the_mean_is_part_of_the_exported_program():
    network = small().eval()
    network.set_mean([3.0, -2.0])
    patch = torch.randn(2, 2, 9, 9, 9)
    exported = torch.export.export(network, (patch,))
    assert exported.state_dict["mean"].flatten().tolist() == [3, -2]
    torch.testing.assert_close(exported.module()(patch), network(patch))


def test_a_mean_patch_is_taken_too_where_every_voxel_has_one():
    network, mean = small(center="voxel"), torch.randn(2, 9, 9, 9)
    network.set_mean(mean)
    assert torch.equal(network.mean[0], mean)
    network.set_mean([1.0, 2.0])
    assert network.mean.unique().tolist() == [1, 2]


@pytest.mark.parametrize("mean", [[1.0], torch.zeros(2, 9, 9, 9), torch.zeros(3, 1, 1, 1), torch.zeros(())])
def test_a_mean_of_another_shape_is_refused(mean):
    with pytest.raises(ValueError, match=r"a mean of shape .* expected \(2,\) or \(2, 1, 1, 1\)"):
        small().set_mean(mean)


def test_a_mean_of_nothing_or_of_nan_is_refused():
    with pytest.raises(ValueError, match="no patches"):
        small().fit_input([])
    with pytest.raises(ValueError, match="NaN"):
        small().fit_input([torch.full((1, 2, 9, 9, 9), torch.nan)])
    with pytest.raises(ValueError, match="patches"):
        small().fit_input([torch.zeros(1, 2, 8, 8, 8)])


def test_grad_cam_of_monai_works_at_features():
    torch.manual_seed(0)
    found = GradCAM(nn_module=small().eval(), target_layers="features")(
        torch.randn(1, 2, 9, 9, 9, requires_grad=True), class_idx=1
    )
    assert found.shape == (1, 1, 9, 9, 9)


def test_weights_are_glorot_uniform_and_the_seed_repeats_them():
    def weights() -> dict[str, torch.Tensor]:
        torch.manual_seed(2)
        return LesionCNN(1, 8).state_dict()

    first, again = weights(), weights()
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    bound = (6 / (27 * 65)) ** 0.5
    assert 0.95 * bound < first["features.0.weight"].abs().max() <= bound
    assert first["features.0.bias"].abs().max() == 0


def test_memory_order_and_bfloat16_change_nothing_but_rounding():
    torch.manual_seed(0)
    network, patch = small().eval(), torch.randn(2, 2, 9, 9, 9)
    wanted = network(patch)
    network = network.to(memory_format=torch.channels_last_3d)
    torch.testing.assert_close(network(patch.to(memory_format=torch.channels_last_3d)), wanted)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(network(patch).float(), wanted, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("classes", [2, 5])
def test_five_classes_and_other_depths_are_one_override(classes):
    network = small(filters=[2, 3], classes=classes)
    assert network(torch.zeros(3, 2, 9, 9, 9)).shape == (3, classes)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patch_size": 7}, "leaves no voxel after 3 poolings"),
        ({"patch_size": 21, "padding": "valid"}, "padding 'valid'"),
        ({"filters": ()}, "filters is empty"),
        ({"filters": (1, 0)}, "filters"),
        ({"in_channels": 0}, "in_channels"),
        ({"kernel_size": 4}, "odd"),
        ({"padding": "zero"}, "'same' or 'valid'"),
        ({"center": "mean"}, "'channel' or 'voxel'"),
        ({"classes": 1}, "classes is 1"),
    ],
)
def test_wrong_settings_are_refused_with_their_name(settings, message):
    with pytest.raises(ValueError, match=message):
        small(**settings)


@pytest.mark.parametrize("shape", [(1, 3, 9, 9, 9), (1, 2, 9, 9, 8), (2, 9, 9, 9)])
def test_patches_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected \(B, 2, 9, 9, 9\)"):
        small()(torch.zeros(shape))
