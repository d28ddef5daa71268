from __future__ import annotations

import pytest
import torch
from monai.visualize import GradCAM
from torch import nn

from monai_mri.networks import MigraineCNN


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def on_meta(*arguments, **settings) -> MigraineCNN:
    with torch.device("meta"):
        return MigraineCNN(*arguments, **settings)


def plain(network: MigraineCNN) -> nn.Sequential:
    """The published layers in the published order, with the network's weights."""
    convolutions = [layer for layer in network.features if isinstance(layer, nn.Conv3d)]
    layers: list[nn.Module] = []
    for convolution, pooled in zip(convolutions, network.pooled, strict=True):
        layers += [convolution, nn.ReLU(), *([nn.MaxPool3d(2)] if pooled else [])]
    dense = [layer for layer in network.classifier if isinstance(layer, nn.Linear)]
    layers.append(nn.Flatten())
    for layer in dense[:-1]:
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers, dense[-1])


def test_the_network_of_the_paper_has_48637927_parameters():
    network = on_meta()
    assert count(network) == 48_637_927
    assert network.features(torch.zeros(2, 1, 121, 145, 121, device="meta")).shape == (2, 5, 60, 72, 60)
    assert network.feature_shape == (60, 72, 60)
    assert network(torch.zeros(2, 1, 121, 145, 121, device="meta")).shape == (2, 2)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"filters": (2, 3)},
        {"filters": (2, 2, 3, 2), "pooled": (True, False, True, False)},
        {"kernel_size": 1},
    ],
)
def test_outputs_and_gradients_are_those_of_the_published_order_of_layers(settings):
    torch.manual_seed(0)
    network = MigraineCNN((9, 11, 8), hidden=(7, 5), **settings)
    reference, volume = plain(network), torch.randn(2, 1, 9, 11, 8)
    found, wanted = network(volume), reference(volume)
    torch.testing.assert_close(found, wanted)
    weights = list(network.parameters())
    torch.testing.assert_close(
        torch.autograd.grad(found.square().sum(), weights),
        torch.autograd.grad(wanted.square().sum(), weights),
    )


@pytest.mark.parametrize("filters", [(5, 10, 20), (20,), (4, 4, 4, 4)])
def test_order_and_depth_of_the_filters_are_one_override(filters):
    network = on_meta((41, 49, 41), filters=filters)
    assert network(torch.zeros(1, 1, 41, 49, 41, device="meta")).shape == (1, 2)
    assert network.features(torch.zeros(1, 1, 41, 49, 41, device="meta")).shape[1] == filters[-1]


@pytest.mark.parametrize("head", ["flatten", "gap"])
@pytest.mark.parametrize("shape", [(8, 9, 10), (4, 4, 4)])
def test_the_stated_feature_shape_is_the_measured_one(head, shape):
    network = MigraineCNN(shape, head=head)
    assert tuple(network.features(torch.zeros(1, 1, *shape)).shape[2:]) == network.feature_shape


def test_with_a_gap_head_weights_times_maps_average_to_the_logits():
    torch.manual_seed(0)
    network = MigraineCNN((12, 10, 8), head="gap", classes=3)
    volume = torch.randn(2, 1, 12, 10, 8)
    maps, linear = network.features(volume), network.classifier[-1]
    activation = torch.einsum("kc,bcxyz->bkxyz", linear.weight, maps)
    torch.testing.assert_close(activation.mean((2, 3, 4)) + linear.bias, network(volume))
    assert count(network) == count(on_meta(filters=(20, 10, 5), head="gap", classes=3))


def test_a_gap_head_takes_any_size_but_a_flat_one_only_its_own():
    assert MigraineCNN((8, 8, 8), head="gap")(torch.zeros(1, 1, 12, 9, 8)).shape == (1, 2)
    with pytest.raises(ValueError, match=r"expected \(B, 1, 8, 8, 8\)"):
        MigraineCNN((8, 8, 8))(torch.zeros(1, 1, 12, 9, 8))


def test_grad_cam_of_monai_works_at_features():
    torch.manual_seed(0)
    network = MigraineCNN((8, 12, 8)).eval()
    volume = torch.randn(1, 1, 8, 12, 8, requires_grad=True)
    found = GradCAM(nn_module=network, target_layers="features")(volume, class_idx=1)
    assert found.shape == (1, 1, 8, 12, 8)


def test_weights_are_glorot_uniform_biases_0_and_the_seed_repeats_them():
    torch.manual_seed(4)
    network = MigraineCNN((16, 16, 16))
    for layer in network.modules():
        if isinstance(layer, (nn.Conv3d, nn.Linear)):
            size = layer.weight[0, 0].numel()
            bound = (6 / (size * (layer.weight.shape[0] + layer.weight.shape[1]))) ** 0.5
            assert layer.weight.abs().max() <= bound
            assert layer.bias.abs().max() == 0
            if layer.weight.numel() > 500:
                assert float(layer.weight.detach().std()) == pytest.approx(bound / 3**0.5, rel=0.1)
    torch.manual_seed(4)
    again = MigraineCNN((16, 16, 16)).state_dict()
    assert all(torch.equal(value, again[name]) for name, value in network.state_dict().items())


def test_memory_order_and_bfloat16_change_nothing_but_rounding():
    torch.manual_seed(0)
    network, volume = MigraineCNN((12, 13, 12)), torch.randn(2, 1, 12, 13, 12)
    wanted = network(volume)
    network = network.to(memory_format=torch.channels_last_3d)
    torch.testing.assert_close(network(volume.to(memory_format=torch.channels_last_3d)), wanted)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(network(volume).float(), wanted, rtol=0.1, atol=0.1)


def test_lists_from_yaml_do_as_well_as_tuples():
    network = MigraineCNN([8, 8, 8], filters=[2, 3], pooled=[True, True], hidden=[])
    assert (network.filters, network.hidden) == ((2, 3), ())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"spatial_shape": (3, 8, 8)}, r"2 poolings leave no voxel.*at least 4 along"),
        ({"spatial_shape": (1, 8, 8), "head": "gap"}, "1 poolings leave no voxel"),
        ({"spatial_shape": (8, 8)}, "three lengths"),
        ({"spatial_shape": (8, 0, 8)}, "spatial_shape"),
        ({"filters": ()}, "filters is empty"),
        ({"filters": (4, 0)}, "filters"),
        ({"in_channels": 0}, "in_channels"),
        ({"hidden": (0,)}, "hidden"),
        ({"pooled": (True,)}, "1 values in pooled for 3 filters"),
        ({"classes": 1}, "classes is 1"),
        ({"head": "cam"}, "'flatten' or 'gap'"),
        ({"head": "gap", "hidden": (10,)}, "one linear layer"),
        ({"kernel_size": 2}, "odd"),
    ],
)
def test_wrong_settings_are_refused_with_their_name(settings, message):
    with pytest.raises(ValueError, match=message):
        MigraineCNN(**({"spatial_shape": (8, 8, 8)} | settings))


@pytest.mark.parametrize("shape", [(1, 8, 8, 8), (2, 2, 8, 8, 8)])
def test_volumes_without_or_with_other_channels_are_refused(shape):
    with pytest.raises(ValueError, match="expected \\(B, 1, 8, 8, 8\\)"):
        MigraineCNN((8, 8, 8))(torch.zeros(shape))
