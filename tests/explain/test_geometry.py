from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from monai_mri.explain.capture import capture
from monai_mri.explain.geometry import on_input_grid
from monai_mri.explain.methods import summed_map

CORNERS = list(itertools.product((0, 1), repeat=3))
SHAPES = [(12, 16, 8), (13, 15, 11)]


class Averager(nn.Module):
    """Each cell of `features` is the brightest voxel of what it covers."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.features = nn.Sequential(*layers)

    def forward(self, volume):
        return self.features(volume).mean((2, 3, 4))


def same_convolution(*, stride=1, kernel=3):
    layer = nn.Conv3d(1, 1, kernel, stride=stride, padding=kernel // 2, bias=False)
    nn.init.constant_(layer.weight, 0.0)
    layer.weight.data[0, 0, kernel // 2, kernel // 2, kernel // 2] = 1.0
    return layer


def corner_box(corner, shape, size=2):
    return tuple(
        slice(0, size) if low == 0 else slice(n - size, n) for low, n in zip(corner, shape, strict=True)
    )


def placements(network, shape, layer="features"):
    return capture(network, torch.rand(1, 1, *shape), layer).placements


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("pools", [1, 2])
def test_a_planted_corner_lands_on_its_own_voxels(shape, corner, pools):
    network = Averager(*[layer for _ in range(pools) for layer in (same_convolution(), nn.MaxPool3d(2))])
    volume = torch.zeros(1, 1, *shape)
    box = corner_box(corner, shape, size=2**pools)
    volume[0, 0][box] = 1
    drawn = summed_map(network, volume, layer="features")
    assert drawn.shape == shape
    outermost = tuple(0 if low == 0 else n - 1 for low, n in zip(corner, shape, strict=True))
    assert drawn[outermost] == drawn.max() == 1
    assert (np.abs(np.argwhere(drawn == 1) - outermost) < 5).all()
    own = drawn[corner_box(corner, shape, size=5)].sum() / drawn.sum()
    mirror = drawn[corner_box([1 - side for side in corner], shape, size=3)].sum()
    assert own > 0.4
    assert mirror == 0


@pytest.mark.parametrize("length", [12, 13, 14, 15])
def test_a_cell_is_drawn_around_the_middle_of_the_voxels_it_was_pooled_from(length):
    network = Averager(same_convolution(), nn.MaxPool3d(2))
    for cell in range(1, length // 2 - 1):
        volume = torch.zeros(1, 1, length, 8, 8)
        volume[0, 0, 2 * cell : 2 * cell + 2, 2:4, 2:4] = 1
        along = summed_map(network, volume, layer="features").sum((1, 2))
        assert (along * np.arange(length)).sum() / along.sum() == pytest.approx(2 * cell + 0.5, abs=1e-5)


def test_strided_convolutions_with_padding_have_their_cells_on_even_voxels():
    network = Averager(same_convolution(stride=2), same_convolution(stride=2, kernel=5))
    assert placements(network, (13, 15, 11)) == ((4.0, 0.0),) * 3


def test_unpadded_convolutions_shift_the_cells_inward():
    network = Averager(nn.Conv3d(1, 2, 3), nn.Conv3d(2, 2, (1, 3, 5), padding="valid"), nn.AvgPool3d(2))
    assert placements(network, (13, 15, 14)) == ((2.0, 1.5), (2.0, 2.5), (2.0, 3.5))


def test_padding_same_and_dilation_leave_the_cells_in_place():
    network = Averager(nn.Conv3d(1, 2, 3, dilation=2, padding="same"))
    assert placements(network, (9, 9, 9)) == ((1.0, 0.0),) * 3


def test_the_cells_of_monais_resnet_and_densenet_are_known():
    from monai.networks.nets import DenseNet, resnet10

    resnet = resnet10(spatial_dims=3, n_input_channels=1, num_classes=2, feed_forward=True)
    assert placements(resnet, (33, 40, 35), "layer4") == ((16.0, 0.0),) * 3
    densenet = DenseNet(3, 1, 2, init_features=4, growth_rate=2, block_config=(1, 1, 1, 1))
    assert placements(densenet, (64, 70, 65), "class_layers.relu") == ((32.0, 14.0),) * 3


def test_an_impulse_through_a_resnet_is_strongest_in_the_cell_that_is_said_to_lie_there():
    from monai.networks.nets import resnet10

    torch.manual_seed(0)
    net = resnet10(
        spatial_dims=3, n_input_channels=1, num_classes=2, feed_forward=True, widen_factor=0.1
    ).eval()
    for module in net.modules():
        if isinstance(module, nn.Conv3d):
            middle = [length // 2 for length in module.kernel_size]
            module.weight.data.zero_()
            module.weight.data[:, :, middle[0], middle[1], middle[2]] = 1
    volume = torch.zeros(1, 1, 64, 64, 64)
    volume[0, 0, 32, 16, 48] = 1
    total = capture(net, volume, "layer4").maps.detach()[0].sum(0)
    cell = np.unravel_index(int(total.argmax()), total.shape)
    assert cell == (2, 1, 3)


def test_a_pool_that_no_layer_tells_of_is_stretched_over_the_input():
    class Functional(Averager):
        def forward(self, volume):
            return self.features(nn.functional.max_pool3d(volume, 2)).mean((2, 3, 4))

    assert placements(Functional(nn.ReLU()), (12, 12, 12)) == ((2.0, 0.5),) * 3


def test_maps_of_the_inputs_size_are_not_changed():
    cells = np.random.default_rng(0).random((4, 5, 6))
    np.testing.assert_allclose(on_input_grid(cells, cells.shape, [(1, 0)] * 3), cells, rtol=1e-6)
