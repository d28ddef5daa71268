from __future__ import annotations

import pytest
import torch
from torch import nn

from monai_mri.networks.pyramid import AtrousPyramid, convolution


@pytest.fixture
def aspp(timm):
    """The pyramid of segmentation_models_pytorch, or a skip; `timm` has prepared torchvision."""
    name = "segmentation_models_pytorch.decoders.deeplabv3.decoder"
    return pytest.importorskip(name, reason="the extra dev is not installed").ASPP


@pytest.mark.parametrize("separable", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_outputs_and_parameters_are_those_of_an_independent_one(aspp, shake, separable, training):
    torch.manual_seed(0)
    other = shake(aspp(12, 5, (2, 3, 4), separable=separable, dropout=0.0)).train(training)
    own = AtrousPyramid(12, 5, rates=(2, 3, 4), separable=separable, dropout=0.0).train(training)
    own.load_state_dict(dict(zip(own.state_dict(), other.state_dict().values(), strict=True)))
    maps = torch.randn(2, 12, 9, 11)
    torch.testing.assert_close(own(maps), other(maps), rtol=1e-5, atol=1e-5)


def test_with_another_number_of_rates_there_are_as_many_branches():
    network = AtrousPyramid(6, 4, rates=(1, 5))
    assert len(network.branches) == 3
    assert network(torch.zeros(2, 6, 3, 3)).shape == (2, 4, 3, 3)


def test_a_training_batch_of_one_image_takes_the_running_statistics_of_the_mean_branch():
    torch.manual_seed(0)
    network = AtrousPyramid(6, 4)
    norm, maps = network.whole[1], torch.randn(1, 6, 5, 5)
    norm.running_mean.fill_(0.3)
    whole = network.whole(maps.mean((2, 3), keepdim=True))
    network.eval()
    torch.testing.assert_close(whole, network.whole(maps.mean((2, 3), keepdim=True)))
    assert norm.running_mean.unique().tolist() == [pytest.approx(0.3)]
    network.train()
    network(maps).sum().backward()
    assert network.whole[0].weight.grad is not None


def test_a_training_batch_of_two_moves_the_running_statistics():
    network = AtrousPyramid(6, 4)
    network(torch.randn(2, 6, 5, 5))
    assert network.whole[1].running_mean.abs().sum() > 0


@pytest.mark.parametrize(("separable", "parameters"), [(False, 6 * 4 * 9 + 8), (True, 6 * 9 + 6 * 4 + 8)])
def test_a_separable_convolution_is_one_filter_a_channel_and_one_across_channels(separable, parameters):
    layers = convolution(6, 4, dilation=3, separable=separable)
    assert sum(parameter.numel() for parameter in layers.parameters()) == parameters
    assert layers(torch.zeros(1, 6, 5, 7)).shape == (1, 4, 5, 7)
    assert isinstance(layers[-1], nn.ReLU)
