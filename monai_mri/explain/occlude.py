"""How much the class's probability falls when a box of the volume is covered.

MONAI's `OcclusionSensitivity` is not used: in 1.6.1 it indexes tensors by lists, which PyTorch is about to
read in another way (it warns so), and it takes sigmoid or softmax by the channels of the input.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from monai_mri.errors import UsageError
from monai_mri.explain.capture import check_logits, chosen_class, in_eval_mode, prepared
from monai_mri.explain.geometry import FloatArray

Box = tuple[slice, ...]


def occlusion(
    network: nn.Module,
    volume: Tensor,
    *,
    target: int | None = None,
    size: int | Sequence[int] = 12,
    stride: int | Sequence[int] = 6,
    baseline: float = 0.0,
    batch_size: int = 4,
) -> FloatArray:
    """Occlusion sensitivity (Zeiler and Fergus, ECCV 2014).

    A box is moved over the volume; each voxel gets the mean fall of the class's probability over the boxes
    that cover it. The last box along an axis is moved inward to end with the volume. A bar shows the
    progress where standard error is a terminal. At 121 x 145 x 121 the default settings take 9,600 passes.

    Args:
        network: in any mode, on any device; it is left as it was. One logit means a sigmoid, several a
            softmax.
        volume: (1, C, I, J, K); all channels are covered together.
        target: index of the class; None for the predicted one.
        size: of the box in voxels, one number or one an axis; cut to the volume's length.
        stride: of the box in voxels, at most its size, so that every voxel is covered.
        baseline: value that covers; 0 is "no white matter" in a modulated map.
        batch_size: covered volumes that go through the network at once.

    Returns:
        float32 (I, J, K): -1 to 1, above 0 where covering speaks against the class.

    Raises:
        UsageError: size, stride, batch size, class or volume do not fit.
    """
    volume = prepared(network, volume)
    boxes = _boxes(size, stride, volume.shape[2:])
    if batch_size < 1:
        raise UsageError(f"occlusion: batch_size is {batch_size}, expected at least 1; correct it")
    total, count = np.zeros(volume.shape[2:]), np.zeros(volume.shape[2:])
    with in_eval_mode(network), torch.no_grad():
        logits = network(volume)
        check_logits(logits)
        chosen = chosen_class(logits, target)
        whole = float(_probabilities(logits)[0, chosen])
        with tqdm(total=len(boxes), desc="occlusion", unit="box", disable=None, leave=False) as bar:
            for start in range(0, len(boxes), batch_size):
                some = boxes[start : start + batch_size]
                shares = _probabilities(network(_covered(volume, some, baseline)))[:, chosen]
                for box, share in zip(some, shares.tolist(), strict=True):
                    total[box] += whole - share
                    count[box] += 1
                bar.update(len(some))
    return (total / count).astype(np.float32)


def _covered(volume: Tensor, boxes: Sequence[Box], baseline: float) -> Tensor:
    batch = volume.repeat(len(boxes), 1, 1, 1, 1)
    for copy, box in zip(batch, boxes, strict=True):
        copy[(slice(None), *box)] = baseline
    return batch


def _probabilities(logits: Tensor) -> Tensor:
    logits = logits.float()
    return logits.softmax(1) if logits.shape[1] > 1 else logits.sigmoid()


def _boxes(size: int | Sequence[int], stride: int | Sequence[int], shape: Sequence[int]) -> list[Box]:
    sizes, strides = ((n,) * 3 if isinstance(n, int) else tuple(n) for n in (size, stride))
    fits = len(sizes) == len(strides) == 3
    if not fits or not all(1 <= step <= n for step, n in zip(strides, sizes, strict=True)):
        raise UsageError(
            f"occlusion: size {size} and stride {stride}, expected voxels with 1 <= stride <= size, "
            "one number or three; correct them"
        )
    axes = [_spans(*settings) for settings in zip(sizes, strides, shape, strict=True)]
    return list(product(*axes))


def _spans(size: int, stride: int, length: int) -> list[slice]:
    """Spans of one axis from end to end.

    >>> [(span.start, span.stop) for span in _spans(4, 3, 9)]
    [(0, 4), (3, 7), (5, 9)]
    """
    size = min(size, length)
    last = length - size
    return [slice(start, start + size) for start in (*range(0, last, stride), last)]
