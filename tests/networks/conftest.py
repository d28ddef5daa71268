"""Files of random weights that lie where published ones would."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from monai_mri.networks import backbones
from monai_mri.networks.torchvision_cpu import import_timm, import_torchvision


@pytest.fixture
def torchvision():
    """The package torchvision, or a skip where it is not installed."""
    if find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed: the extra imagenet")
    return import_torchvision()


@pytest.fixture
def timm():
    """The package timm, or a skip where it is not installed."""
    if find_spec("timm") is None:
        pytest.skip("timm is not installed: the extra imagenet")
    return import_timm()


@pytest.fixture
def shake() -> Callable[[nn.Module], nn.Module]:
    """Give a network weights and statistics of BatchNorm that all matter, and evaluate with it."""

    def shaken(network: nn.Module) -> nn.Module:
        generator = torch.Generator().manual_seed(3)
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                for tensor in (layer.weight, layer.running_var):
                    tensor.data.uniform_(0.5, 1.5, generator=generator)
                for tensor in (layer.bias, layer.running_mean):
                    tensor.data.normal_(0, 0.1, generator=generator)
        return network.eval()

    return shaken


@pytest.fixture
def publish(tmp_path, monkeypatch) -> Callable[[str, dict[str, torch.Tensor]], Path]:
    """Put weights of a ResNet into torch hub's cache, under a name with their own digits."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))

    def put(name: str, state: dict[str, torch.Tensor]) -> Path:
        folder = tmp_path / "torch" / "hub" / "checkpoints"
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(state, folder / "new")
        digits = hashlib.sha256((folder / "new").read_bytes()).hexdigest()[:8]
        path = (folder / "new").rename(folder / f"{name}-{digits}.pth")
        monkeypatch.setitem(backbones._RESNET_FILES, name, path.name)
        return path

    return put


@pytest.fixture
def publish_to_hub(tmp_path, monkeypatch) -> Callable[[str, dict[str, torch.Tensor]], Path]:
    """Put weights into Hugging Face's cache, as a download does."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="the extra imagenet is not installed")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    def put(repository: str, state: dict[str, torch.Tensor]) -> Path:
        home = tmp_path / "hub" / f"models--{repository.replace('/', '--')}"
        (home / "refs").mkdir(parents=True)
        (home / "refs" / "main").write_text("abc")
        (home / "snapshots" / "abc").mkdir(parents=True)
        path = home / "snapshots" / "abc" / "model.safetensors"
        save_file(state, path)
        return path

    return put
