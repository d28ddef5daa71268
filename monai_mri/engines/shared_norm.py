"""Batch normalisation over the batch of all processes, so that several train as one would."""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from monai_mri.engines import distributed


def share_batch_norms(network: nn.Module) -> None:
    """Let every BatchNorm of a network, while it trains, take mean and variance over all processes.

    Weights, buffers and their names stay as they are, and so does evaluation. PyTorch's SyncBatchNorm does
    the same on GPUs alone and makes other layers of these.

    Args:
        network: changed in place; each process must give the same number of samples to each step.
    """
    for layer in network.modules():
        if isinstance(layer, _BatchNorm) and not isinstance(layer, nn.SyncBatchNorm):
            layer.forward = MethodType(_forward, layer)  # type: ignore[method-assign]


def _forward(layer: _BatchNorm, values: Tensor) -> Tensor:
    if not layer.training:
        return type(layer).forward(layer, values)
    axes = (0, *range(2, values.ndim))
    shape = (1, -1, *[1] * (values.ndim - 2))
    wide = values.float()
    mean = _averaged(wide.mean(axes))
    centred = wide - mean.reshape(shape)
    variance = _averaged(centred.square().mean(axes))
    _keep(layer, mean, variance, voxels=values.numel() // values.shape[1] * distributed.processes())
    scale = (variance + layer.eps).rsqrt()
    if layer.affine:
        scaled = centred * (scale * layer.weight).reshape(shape) + layer.bias.reshape(shape)
    else:
        scaled = centred * scale.reshape(shape)
    return scaled.to(values.dtype)


def _averaged(value: Tensor) -> Tensor:
    """The mean over the processes, through which gradients flow back to each."""
    total: Tensor = _Total.apply(value)  # type: ignore[no-untyped-call]
    return total / distributed.processes()


class _Total(torch.autograd.Function):
    """`distributed.total` with a gradient: what the losses of all processes say of the sum."""

    @staticmethod
    def forward(_: Any, value: Tensor) -> Tensor:
        return distributed.total(value.contiguous())

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        return distributed.total(gradient.contiguous())


@torch.no_grad()
def _keep(layer: _BatchNorm, mean: Tensor, variance: Tensor, *, voxels: int) -> None:
    """Move the running statistics as BatchNorm does; their variance is the unbiased one."""
    if layer.running_mean is None or layer.running_var is None:
        return
    layer.num_batches_tracked.add_(1)  # type: ignore[union-attr]
    share = 1 / float(layer.num_batches_tracked) if layer.momentum is None else layer.momentum  # type: ignore[arg-type]
    layer.running_mean.lerp_(mean, share)
    layer.running_var.lerp_(variance * (voxels / max(1, voxels - 1)), share)
