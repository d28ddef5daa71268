from __future__ import annotations

import numpy as np
import pytest
import torch

from monai_mri.explain import grad_cam, randomisation_check, summed_map
from monai_mri.networks.migraine_cnn import MigraineCNN

SHAPE = (13, 15, 11)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return MigraineCNN(SHAPE, filters=(4, 3, 5), hidden=(6,))


def by_grad_cam(network, volume):
    return grad_cam(network, volume, layer="features", target=1)


def by_sum(network, volume):
    return summed_map(network, volume, layer="features")


def edges(network, volume):
    return np.abs(np.gradient(volume[0, 0].numpy())[0])


def test_layers_are_randomised_from_the_last_to_the_first(network):
    rows = randomisation_check(network, torch.rand(1, 1, *SHAPE), by_grad_cam)
    assert [row.layer for row in rows] == [
        "classifier.3",
        "classifier.1",
        "features.5",
        "features.3",
        "features.0",
    ] or [row.layer for row in rows] == [
        name for name, module in reversed(list(network.named_modules())) if hasattr(module, "weight")
    ]


def test_a_method_that_ignores_the_network_keeps_its_map(network):
    rows = randomisation_check(network, torch.rand(1, 1, *SHAPE), edges)
    assert all(row.correlation == pytest.approx(1) for row in rows)


def test_the_summed_map_does_not_see_the_head_and_does_see_the_convolutions(network):
    rows = randomisation_check(network, torch.rand(1, 1, *SHAPE), by_sum)
    assert [row.correlation for row in rows[:2]] == pytest.approx([1, 1])
    assert abs(rows[-1].correlation) < 0.9


def test_the_network_is_not_changed_and_a_seed_repeats_the_check(network):
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    volume = torch.rand(1, 1, *SHAPE)
    first = randomisation_check(network, volume, by_sum, seed=3)
    assert randomisation_check(network, volume, by_sum, seed=3) == first
    assert randomisation_check(network, volume, by_sum, seed=4) != first
    assert all(torch.equal(weights[name], value) for name, value in network.state_dict().items())


def test_a_constant_map_has_no_correlation(network):
    rows = randomisation_check(network, torch.rand(1, 1, *SHAPE), lambda net, vol: np.zeros(SHAPE))
    assert all(np.isnan(row.correlation) for row in rows)
