"""Whether a map depends on what the network has learnt."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from monai_mri.explain.top import Array


class Randomised(NamedTuple):
    """The map after one more layer lost its weights.

    Attributes:
        layer: randomised last; all the ones in earlier rows are, too.
        correlation: Spearman's, over voxels, with the map of the trained network, -1 to 1; nan where
            either map is constant.
        absolute_correlation: the same between magnitudes, as a random last layer may turn the sign.
    """

    layer: str
    correlation: float
    absolute_correlation: float


def randomisation_check(
    network: nn.Module, volume: Tensor, method: Callable[[nn.Module, Tensor], Array], *, seed: int = 0
) -> list[Randomised]:
    """Sanity check by cascading randomisation of weights (Adebayo et al., NeurIPS 2018).

    From the last layer to the first, one after the other, weights are drawn anew from a normal distribution
    with the mean and SD that the trained ones have. A method that explains the network gives other maps; one
    whose correlation stays high shows the image or the architecture. The summed map of the migraine study
    does not use the last layers, so its first rows are 1 by construction.

    Args:
        network: a copy of it is worked on.
        volume: (1, C, I, J, K).
        method: (network, volume) to a map (I, J, K), such as
            ``lambda net, vol: grad_cam(net, vol, layer="features", target=1)``. Fix the target: the class
            that a randomised network predicts may be another.
        seed: of the draws.

    Returns:
        A row a layer with weights, last layer first.
    """
    original = method(network, volume)
    changed = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for name, layer in reversed(_weighted_layers(changed)):
        for weights in layer.parameters(recurse=False):
            _redraw(weights, generator)
        now = method(changed, volume)
        rows.append(Randomised(name, _spearman(original, now), _spearman(np.abs(original), np.abs(now))))
    return rows


def _weighted_layers(network: nn.Module) -> list[tuple[str, nn.Module]]:
    return [
        (name, layer)
        for name, layer in network.named_modules()
        if any(True for _ in layer.parameters(recurse=False))
    ]


def _redraw(weights: Tensor, generator: torch.Generator) -> None:
    """New values of the same mean and SD; a single value, or equal ones, have none to draw from."""
    with torch.no_grad():
        spread = float(weights.std()) if weights.numel() > 1 else 0.0
        drawn = torch.randn(weights.shape, generator=generator) * spread + float(weights.mean())
        weights.copy_(drawn)


def _spearman(first: Array, second: Array) -> float:
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    from scipy.stats import spearmanr

    return float(spearmanr(first, second, axis=None).statistic)
