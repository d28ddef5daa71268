"""How much the class's probability falls when a box of the volume is covered.

MONAI's `OcclusionSensitivity` is not used: in 1.6.1 it indexes tensors by lists, which PyTorch is about to
read in another way (it warns so), and it takes sigmoid or softmax by the channels of the input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from monai_mri.errors import UsageError
from monai_mri.explain.capture import check_logits, chosen_class, in_eval_mode, margin, prepared
from monai_mri.explain.geometry import FloatArray

Box = tuple[slice, ...]
Measure = Literal["probability", "margin"]


def occlusion(
    network: nn.Module,
    volume: Tensor,
    *,
    target: int | None = None,
    size: int | Sequence[int] = 12,
    stride: int | Sequence[int] = 6,
    baseline: float | Tensor = 0.0,
    measure: Measure = "probability",
    batch_size: int = 4,
) -> FloatArray:
    """Occlusion sensitivity (Zeiler and Fergus, ECCV 2014).

    A box is moved over the volume; each voxel gets the mean fall of the class's probability over the boxes
    that cover it. The last box along an axis is moved inward to end with the volume. Where covering changes
    nothing, as outside the brain, no pass is needed. A bar shows the progress where standard error is a
    terminal. At 121 x 145 x 121 the default settings take up to 9,600 passes.

    Args:
        network: in any mode, on any device; it is left as it was. One logit means a sigmoid, several a
            softmax.
        volume: (1, C, I, J, K); all channels are covered together.
        target: index of the class; None for the predicted one.
        size: of the box in voxels, one number or one an axis; cut to the volume's length.
        stride: of the box in voxels, at most its size, so that every voxel is covered.
        baseline: value that covers; 0 is "no white matter" in a modulated map. Or a volume (1, C, I, J, K) to
            cover with, such as the mean of a cohort, which looks like a brain where 0 does not.
        measure: "probability", as published, or "margin": the class's logit less the mean of the others',
            which does not flatten out where the network is sure.
        batch_size: covered volumes that go through the network at once.

    Returns:
        float32 (I, J, K): -1 to 1 of a probability, above 0 where covering speaks against the class.

    Raises:
        UsageError: size, stride, batch size, measure, class, volume or baseline do not fit.
    """
    volume = prepared(network, volume)
    cover = _cover(network, volume, baseline)
    boxes = _boxes(size, stride, volume.shape[2:])
    if measure not in MEASURES:
        raise UsageError(f"occlusion: measure {measure!r}, expected one of {', '.join(MEASURES)}; correct it")
    if batch_size < 1:
        raise UsageError(f"occlusion: batch_size is {batch_size}, expected at least 1; correct it")
    total, count = np.zeros(volume.shape[2:]), np.zeros(volume.shape[2:])
    with in_eval_mode(network), torch.no_grad():
        logits = network(volume)
        check_logits(logits)
        chosen = chosen_class(logits, target)
        whole = float(MEASURES[measure](logits, chosen))
        for box in boxes:
            count[box] += 1
        differs = (volume != cover).any(1)[0]
        boxes = [box for box in boxes if bool(differs[box].any())]
        with tqdm(total=len(boxes), desc="occlusion", unit="box", disable=None, leave=False) as bar:
            for start in range(0, len(boxes), batch_size):
                some = boxes[start : start + batch_size]
                left = MEASURES[measure](network(_covered(volume, some, cover)), chosen)
                for box, share in zip(some, left.tolist(), strict=True):
                    total[box] += whole - share
                bar.update(len(some))
    return (total / count).astype(np.float32)


def _cover(network: nn.Module, volume: Tensor, baseline: float | Tensor) -> Tensor:
    """What covers, as a volume."""
    if not isinstance(baseline, Tensor):
        return torch.full_like(volume, baseline)
    cover = prepared(network, baseline)
    if cover.shape != volume.shape:
        raise UsageError(
            f"occlusion: a baseline of shape {tuple(cover.shape)}, expected {tuple(volume.shape)} like the "
            "volume; resample it, or give a number"
        )
    return cover


def _covered(volume: Tensor, boxes: Sequence[Box], cover: Tensor) -> Tensor:
    batch = volume.repeat(len(boxes), 1, 1, 1, 1)
    for copy, box in zip(batch, boxes, strict=True):
        place = (slice(None), *box)
        copy[place] = cover[0][place]
    return batch


def _probability(logits: Tensor, target: int) -> Tensor:
    logits = logits.float()
    return (logits.softmax(1) if logits.shape[1] > 1 else logits.sigmoid())[:, target]


MEASURES: dict[str, Callable[[Tensor, int], Tensor]] = {
    "probability": _probability,
    "margin": lambda logits, target: margin(logits.float(), target),
}


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
