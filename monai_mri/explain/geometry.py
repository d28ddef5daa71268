"""Where the cells of a feature map lie in the input, and the map drawn on the input's grid.

Stretching a feature map to the input's size, as `torch.nn.functional.interpolate` does, puts its cells up to
half a cell off: a pool of 2 over 121 voxels leaves 60 cells whose centres lie at voxels 2 i + 0.5, the last
at 118.5 and not at 119.5, and a convolution of stride 2 with padding has them at 2 i. So the layers that the
volume passed through are asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.modules.pooling import _AvgPoolNd, _MaxPoolNd

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float32]
Placement = tuple[float, float]


class CellPlaces:
    """Follow the centres of the cells through convolutions and pools.

    Along each axis cell i has its centre at voxel ``offset + stride * i`` of the input. Tensors are told
    apart by their lengths, so that residual and dense connections need no special case; where two branches
    of one length disagree, the later one counts.

    Args:
        shape: lengths of the input along I, J, K.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = tuple(shape)
        self._known: dict[tuple[int, int], Placement] = dict.fromkeys(enumerate(self.shape), (1.0, 0.0))

    def watch(self, network: nn.Module) -> list[Any]:
        """Hook the layers that move cells; the caller removes the handles."""
        layers = [m for m in network.modules() if isinstance(m, (_ConvNd, _MaxPoolNd, _AvgPoolNd))]
        return [
            layer.register_forward_hook(self._pass)
            for layer in layers
            if not isinstance(layer, _ConvTransposeNd)
        ]

    def of(self, shape: Sequence[int]) -> tuple[Placement, ...]:
        """Stride and offset along each axis; those of a plain stretch where no layer told the length."""
        return tuple(
            self._known.get((axis, length), _stretched(self.shape[axis], length))
            for axis, length in enumerate(shape)
        )

    def _pass(self, layer: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        for axis in range(len(self.shape)):
            before, after = inputs[0].shape[2 + axis], output.shape[2 + axis]
            if (axis, before) in self._known:
                stride, offset = self._known[axis, before]
                step, shift = _step_and_shift(layer, axis)
                self._known[axis, after] = (stride * step, offset + stride * shift)


def on_input_grid(cells: Array, shape: Sequence[int], placements: Sequence[Placement]) -> FloatArray:
    """Interpolate a feature map linearly at every voxel of the input.

    Args:
        cells: (i, j, k).
        shape: of the input, (I, J, K).
        placements: stride and offset in voxels along each axis.

    Returns:
        float32 (I, J, K); beyond the outermost cell centres the outermost cell's value holds.

    >>> row = on_input_grid(np.array([0.0, 1, 0]).reshape(3, 1, 1), (7, 1, 1), [(2, 0.5), (1, 0), (1, 0)])
    >>> row[:, 0, 0].tolist()  # centres at voxels 0.5, 2.5 and 4.5
    [0.0, 0.25, 0.75, 0.75, 0.25, 0.0, 0.0]
    """
    drawn: Array = np.asarray(cells, dtype=np.float64)
    for axis, (length, (stride, offset)) in enumerate(zip(shape, placements, strict=True)):
        count = drawn.shape[axis]
        place = np.clip((np.arange(length) - offset) / stride, 0, count - 1)
        weights = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(count)))
        drawn = np.moveaxis(np.tensordot(weights, drawn, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(drawn, dtype=np.float32)


def _stretched(length: int, count: int) -> Placement:
    return length / count, (length / count - 1) / 2


def _step_and_shift(layer: Any, axis: int) -> Placement:
    """Stride in cells, and how far the first cell's centre lies from the input's first, in cells."""
    reach = (_along(layer.kernel_size, axis) - 1) * _along(getattr(layer, "dilation", 1), axis)
    named = {"same": reach // 2, "valid": 0}
    padding = named[layer.padding] if isinstance(layer.padding, str) else _along(layer.padding, axis)
    return float(_along(layer.stride, axis)), reach / 2 - padding


def _along(setting: int | Sequence[int], axis: int) -> int:
    return setting if isinstance(setting, int) else setting[axis]
