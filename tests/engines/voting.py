"""Networks with known answers, their weights, and evaluators of them."""

from __future__ import annotations

from pathlib import Path

import torch
from monai.inferers import SimpleInferer
from monai.transforms import Activationsd
from torch import nn

from monai_mri.engines import Evaluator, save_weights
from monai_mri.engines.weights import WeightsRecord

CLASSES = ("low", "high")


class Brightness(nn.Module):
    """Says the second class where the image's brightest voxel, or its mean, is above a threshold."""

    def __init__(self, *, threshold: float = 1.0, gain: float = 4.0, of: str = "mean") -> None:
        super().__init__()
        self.level = nn.Parameter(torch.tensor([threshold, gain]))
        self.of = of
        self.calls = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.calls += len(images)
        flat = images.flatten(1)
        value = flat.mean(dim=1) if self.of == "mean" else flat.amax(dim=1)
        logit = self.level[1] * (value - self.level[0])
        return torch.stack([torch.zeros_like(logit), logit], dim=1)


class Bright(nn.Module):
    """Marks the pixels whose channels' mean is above a threshold."""

    def __init__(self, *, threshold: float = 0.5, gain: float = 40.0) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.tensor([threshold, gain]))
        self.calls = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.calls += len(images)
        return self.level[1] * (images.mean(dim=1, keepdim=True) - self.level[0])


def write_weights(network: nn.Module, folder: Path, *, trained_on=(), selected_on=(), **facts) -> Path:
    """Weights as a training would leave them, with what they know of it."""
    about = {
        "study": "test",
        "network": type(network).__name__,
        "epoch": 1,
        "manifest_sha256": "",
        "splits_sha256": "salt",
        "protocol": "honest",
    }
    record = WeightsRecord(**(about | facts)).with_subjects(trained_on=trained_on, selected_on=selected_on)
    save_weights(network, folder, record)
    return folder


def classifier(network: nn.Module, data) -> Evaluator:
    """Applies a classifier."""
    return _evaluator(network, data, Activationsd(keys="pred", softmax=True))


def segmenter(network: nn.Module, data) -> Evaluator:
    """Applies a network that marks pixels."""
    return _evaluator(network, data, Activationsd(keys="pred", sigmoid=True))


def _evaluator(network, data, postprocessing) -> Evaluator:
    return Evaluator(
        device="cpu",
        network=network,
        dataset=data,
        inferer=SimpleInferer(),
        postprocessing=postprocessing,
    )
