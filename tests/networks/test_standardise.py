from __future__ import annotations

import pytest
import torch

from monai_mri.networks.standardise import Standardise, standardise


def test_the_channels_of_an_image_of_the_given_mean_and_spread_become_0_and_1():
    torch.manual_seed(0)
    image = torch.randn(2, 3, 50, 50) * torch.tensor([2.0, 3, 4]).reshape(3, 1, 1) + 7
    found = Standardise((7.0, 7.0, 7.0), (2.0, 3.0, 4.0))(image)
    torch.testing.assert_close(found.mean((0, 2, 3)), torch.zeros(3), atol=0.1, rtol=0)
    torch.testing.assert_close(found.std((0, 2, 3)), torch.ones(3), atol=0.1, rtol=0)


def test_unused_it_leaves_every_bit():
    image = torch.rand(2, 4, 5, 6)
    assert torch.equal(standardise(4, mean=(0.4, 0.5, 0.6), spread=(1, 2, 3), use=False)(image), image)


def test_other_numbers_of_channels_take_the_average_or_the_colours_in_turn():
    one = standardise(1, mean=(0.3, 0.5, 0.7), spread=(0.2, 0.3, 0.4), use=True)
    five = standardise(5, mean=(0.3, 0.5, 0.7), spread=(0.2, 0.3, 0.4), use=True)
    torch.testing.assert_close(one.mean.flatten(), torch.tensor([0.5]))
    torch.testing.assert_close(five.mean.flatten(), torch.tensor([0.3, 0.5, 0.7, 0.3, 0.5]))
    torch.testing.assert_close(five.spread.flatten(), torch.tensor([0.2, 0.3, 0.4, 0.2, 0.3]))


def test_both_are_kept_in_checkpoints_and_are_not_trained():
    layer = standardise(3, mean=(0.3, 0.5, 0.7), spread=(0.2, 0.3, 0.4), use=True)
    assert sorted(layer.state_dict()) == ["mean", "spread"]
    assert list(layer.parameters()) == []


@pytest.mark.parametrize("shape", [(2, 1, 4, 4), (2, 4, 4, 4), (3, 4, 4), (1, 3, 4, 4, 4)])
def test_images_of_other_axes_or_channels_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected \(B, 3, H, W\); set in_channels"):
        standardise(3, mean=(0, 0, 0), spread=(1, 1, 1), use=True)(torch.zeros(shape))
