"""One pass of a volume through a network, with what came out of one layer on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from monai_mri.errors import UsageError
from monai_mri.explain.geometry import CellPlaces, FloatArray, Placement, on_input_grid


@dataclass(frozen=True, eq=False)
class Captured:
    """What one pass left.

    Attributes:
        maps: feature maps of the layer, (1, F, i, j, k), a leaf that the logits can be derived by.
        logits: (1, classes).
        linear: the linear layer that ran last, if any did after the maps.
        linear_input: what went into it, (1, …).
        shape: of the input, (I, J, K).
        placements: stride and offset of the maps' cells in voxels, one pair an axis.
    """

    maps: Tensor
    logits: Tensor
    linear: nn.Linear | None
    linear_input: Tensor | None
    shape: tuple[int, int, int]
    placements: tuple[Placement, ...]

    def drawn(self, cells: Tensor) -> FloatArray:
        """One map (i, j, k) on the input's grid, float32 (I, J, K)."""
        return on_input_grid(cells.detach().cpu().numpy(), self.shape, self.placements)


def capture(network: nn.Module, volume: Tensor, layer: str) -> Captured:
    """Run a volume through a network in eval mode and keep one layer's output.

    Everything is put back: hooks are removed, every module gets its training mode back, and no parameter is
    given a gradient. Of a layer that runs several times the last output is kept.

    Args:
        network: any 3D classification network, (1, C, I, J, K) to (1, classes).
        volume: (1, C, I, J, K); it is moved to the network's device.
        layer: name of the layer, as in ``dict(network.named_modules())``.

    Raises:
        UsageError: the volume or the logits have another shape, there is no such layer, it did not run, or
            its output is not (1, F, i, j, k).
    """
    volume = prepared(network, volume)
    keeper = _Keeper()
    places = CellPlaces(volume.shape[2:])
    handles = keeper.hook(network, layer) + places.watch(network)
    try:
        # Gradients are wanted behind the layer only: the keeper turns them on when it has run.
        with in_eval_mode(network), torch.no_grad():
            logits = network(volume)
    finally:
        for handle in handles:
            handle.remove()
    maps = _required_maps(keeper.maps, layer)
    check_logits(logits)
    i, j, k = volume.shape[2:]
    return Captured(maps, logits, keeper.linear, keeper.linear_input, (i, j, k), places.of(maps.shape[2:]))


def prepared(network: nn.Module, volume: Tensor) -> Tensor:
    """The volume as a plain tensor on the network's device.

    Raises:
        UsageError: it is not (1, C, I, J, K).
    """
    if volume.ndim != 5 or volume.shape[0] != 1:
        raise UsageError(
            f"explain: a volume of shape {tuple(volume.shape)}, expected (1, C, I, J, K); "
            "give one volume with batch and channel axes"
        )
    weights = next(network.parameters(), None)
    plain = volume.detach().as_subclass(Tensor)
    return plain if weights is None else plain.to(device=weights.device, dtype=weights.dtype)


def check_logits(logits: Any) -> None:
    """Make sure that a network gave logits (1, classes).

    Raises:
        UsageError: it did not.
    """
    if not isinstance(logits, Tensor) or logits.ndim != 2:
        found = f"shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else type(logits).__name__
        raise UsageError(
            f"explain: the network gives {found}, expected logits (1, classes); use a classification network"
        )


def chosen_class(logits: Tensor, target: int | None) -> int:
    """The class asked for, or the predicted one if None.

    Raises:
        UsageError: there is no such class.
    """
    classes = logits.shape[1]
    if target is None:
        return int(logits.argmax(1))
    if not 0 <= target < classes:
        raise UsageError(
            f"explain: target class {target}, expected 0 to {classes - 1}; give the index of a class"
        )
    return target


def margin(logits: Tensor, target: int) -> Tensor:
    """The class's logit less the mean of the others', (B, classes) to (B,); of one logit, the logit.

    For two classes its sigmoid is the class's probability.

    >>> margin(torch.tensor([[1.0, 5.0, 3.0]]), 1)
    tensor([3.])
    """
    others = logits.shape[1] - 1
    chosen = logits[:, target]
    return chosen - (logits.sum(1) - chosen) / others if others else chosen


@contextmanager
def in_eval_mode(network: nn.Module) -> Iterator[None]:
    """Eval mode inside; afterwards each module has the mode it had, frozen ones included."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


class _Keeper:
    """Hooks that keep the maps of one layer and the input of the last linear layer behind it."""

    maps: Any = None
    linear: nn.Linear | None = None
    linear_input: Tensor | None = None

    def hook(self, network: nn.Module, layer: str) -> list[Any]:
        modules = dict(network.named_modules())
        if layer not in modules or not layer:
            names = [name for name in modules if name]
            shown = ", ".join(names[-12:])
            raise UsageError(
                f"explain: {type(network).__name__} has no layer {layer!r}, expected one of its "
                f"{len(names)} layers, such as {shown}; correct the name"
            )
        linears = [module for module in modules.values() if isinstance(module, nn.Linear)]
        return [
            modules[layer].register_forward_hook(self._keep_maps),
            *(linear.register_forward_hook(self._keep_linear) for linear in linears),
        ]

    def _keep_maps(self, _layer: nn.Module, _inputs: Any, output: Any) -> Any:
        if not isinstance(output, Tensor):
            self.maps = output
            return None
        torch.set_grad_enabled(True)
        self.maps = output.detach().clone().requires_grad_()
        return self.maps.clone()  # the next layer may work in place

    def _keep_linear(self, linear: Any, inputs: tuple[Tensor, ...], _output: Any) -> None:
        if self.maps is not None:
            self.linear, self.linear_input = linear, inputs[0].detach()


def _required_maps(maps: Any, layer: str) -> Tensor:
    if isinstance(maps, Tensor) and maps.ndim == 5:
        return maps
    found = "did not run" if maps is None else f"gives {getattr(maps, 'shape', type(maps).__name__)}"
    raise UsageError(
        f"explain: layer {layer!r} {found}, expected feature maps (1, F, i, j, k); "
        "name the last convolution or its activation"
    )
