"""Which device a run uses."""

from __future__ import annotations

import os

import torch
from torch import nn

from monai_mri.errors import ConfigError


def resolve_device(device: str | torch.device) -> torch.device:
    """Device for `device`: "auto" is this process's GPU where there is one, else the CPU.

    Under torchrun the GPU is the one of the process's local rank.

    Raises:
        ConfigError: the device does not exist on this machine.
    """
    if isinstance(device, torch.device):
        return device
    if device == "auto":
        return torch.device("cuda", _local_rank()) if torch.cuda.is_available() else torch.device("cpu")
    try:
        resolved = torch.device(device)
    except RuntimeError as error:
        raise ConfigError(f"device: {device!r} is no device; use auto, cpu, cuda or cuda:1") from error
    if resolved.type not in ("cpu", "cuda") and not _is_available(resolved.type):
        raise ConfigError(f"device: {device!r} is not available on this machine; use --device auto")
    if resolved.type == "cuda" and (resolved.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"device: {device!r} asked for, but PyTorch sees {torch.cuda.device_count()} GPUs; "
            "use --device auto"
        )
    return resolved


def _is_available(kind: str) -> bool:
    module = getattr(torch, kind, None) or getattr(torch.backends, kind, None)
    return bool(module is not None and hasattr(module, "is_available") and module.is_available())


def _local_rank() -> int:
    return int(os.environ.get("LOCAL_RANK", "0"))


def memory_format_of(network: nn.Module) -> torch.memory_format:
    """The layout with the channels last, faster for the network's convolutions of 2D or 3D images."""
    volumes = any(parameter.ndim == 5 for parameter in network.parameters())
    return torch.channels_last_3d if volumes else torch.channels_last
