from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from torch import nn

from monai_mri.study.cost import PeakMemory, count_flops, measure_cost

SGD = partial(torch.optim.SGD, lr=0.1)
CPU = torch.device("cpu")


def two_layers() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 5, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 16, 7)
    )


def test_flops_of_convolution_and_linear_layer_are_two_a_multiply_add():
    by_hand = 2 * (4 * 4 * 5 * 3 * 3 * 3) + 2 * (5 * 16 * 7)
    assert count_flops(two_layers(), (3, 8, 8)) == by_hand


def test_flops_of_a_volume_are_counted_and_the_network_keeps_its_mode():
    network = nn.Sequential(nn.Conv3d(2, 4, (1, 3, 3), bias=False), nn.BatchNorm3d(4)).train()
    assert count_flops(network, (2, 6, 7, 8)) == 2 * (6 * 5 * 6) * 4 * (2 * 9)
    assert network.training
    assert torch.equal(network[1].running_mean, torch.zeros(4))


def test_parameters_are_those_of_the_network_and_frozen_ones_are_not_trainable():
    def make() -> nn.Module:
        network = two_layers()
        network[0].requires_grad_(requires_grad=False)
        return network

    name, cost = measure_cost(make, shape=(3, 8, 8), batch_size=2, optimizer=SGD, device=CPU)
    every = list(two_layers().parameters())
    assert name == "Sequential"
    assert cost.parameters == sum(parameter.numel() for parameter in every) == 5 * 27 + 5 + 7 * 80 + 7
    assert cost.trainable_parameters == 7 * 80 + 7
    assert cost.weights_mb == pytest.approx(4e-6 * cost.parameters)
    assert cost.flops == count_flops(two_layers(), (3, 8, 8))
    assert cost.step_ms > 0
    assert cost.forward_ms > 0
    assert cost.steps >= 3


@pytest.mark.skipif(bool(PeakMemory(CPU).reason), reason="only Linux tells the peak of a process's memory")
def test_peak_memory_is_that_of_what_was_allocated_and_freed():
    gauge = PeakMemory(CPU)
    torch.ones(25_000_000)  # 100 MB
    assert 95 < gauge.growth_mb() < 130
    assert PeakMemory(CPU).growth_mb() < 20


@pytest.mark.skipif(bool(PeakMemory(CPU).reason), reason="only Linux tells the peak of a process's memory")
def test_a_step_takes_memory_for_weights_gradients_and_both_moments_of_adam():
    adam = partial(torch.optim.Adam, lr=1e-3)
    settings = {"shape": (1, 8, 8), "batch_size": 1, "device": CPU}
    _, cost = measure_cost(
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 200_000)), optimizer=adam, **settings
    )
    assert cost.weights_mb == pytest.approx(52.0)
    assert 4 * 52 < cost.step_mb < 9 * 52  # and temporaries of the optimiser, as many as it keeps at once


def test_memory_is_undefined_with_a_reason_where_the_system_does_not_tell(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.write_text", refuse)
    gauge = PeakMemory(CPU)
    assert math.isnan(gauge.growth_mb())
    assert "does not tell" in gauge.reason


def test_a_network_with_several_outputs_is_trained_on_all():
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.other = nn.Linear(4, 2), nn.Conv2d(1, 1, 1)

        def forward(self, image):
            return {"class": self.one(image.mean(1).flatten(1)[:, :4]), "aux": [self.other(image), None]}

    _, cost = measure_cost(Two, shape=(1, 4, 4), batch_size=2, optimizer=SGD, device=CPU)
    assert cost.flops == 2 * (4 * 2) + 2 * 16
