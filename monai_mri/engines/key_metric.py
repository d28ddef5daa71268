"""How good maps of probability are, whatever threshold will be chosen."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import torch
from ignite.engine import Engine
from ignite.metrics import EpochWise, Metric, MetricUsage
from monai.engines.utils import IterationEvents

from monai_mri.engines import distributed
from monai_mri.metrics import ThresholdChoice, ThresholdHistogram, count_voxels, dice


class BestF1(Metric):
    """F-measure over all voxels at the threshold that maximises it (BIOSTEC 2017, section 3.3).

    In [0, 1]; nan where no voxel is lesion. The maps are probabilities in [0, 1] under "pred", the masks
    stand under "label", both (1, ...) for each sample.

    Args:
        name: name of the metric in the engine's state.
        bins: number of thresholds that are tried, a power of two.
    """

    def __init__(self, *, name: str = "val_f1", bins: int = 1024) -> None:
        self.name, self.bins = name, bins
        self.best: ThresholdChoice = ThresholdHistogram(bins=bins).best()
        super().__init__(output_transform=lambda output: output)

    @property
    def beside(self) -> dict[str, float]:
        """What the history says beside the metric: the threshold."""
        return {"val_threshold": float(self.best.threshold)}

    def reset(self) -> None:
        """Forget all samples."""
        self.histogram = ThresholdHistogram(bins=self.bins)

    def update(self, output: Any) -> None:
        """Count the voxels of the samples."""
        for sample in output:
            add_map(self.histogram, sample["pred"], sample["label"])

    def compute(self) -> float:
        """The best F-measure over all processes; `best` holds its threshold, too."""
        self.best = reduce(add, distributed.gathered(self.histogram)).best()
        return self.best.f1


class MeanLoss(Metric):
    """Minus the mean of a loss over the samples, so that the epoch of the lowest validation loss is best.

    The history says the loss itself as `val_loss` and, beside it, `val_dice`: the mean Dice at `threshold` of
    the samples whose mask is not empty, in [0, 1], nan without such a sample. Without a sample all are nan.

    The loss is that of the network's output as it is, before the evaluator's postprocessing: a loss that
    takes logits in training takes them here, too. Each sample counts alike, whatever its size; a loss that
    adds up over a batch, such as a Dice loss with `batch: true`, sees one sample at a time.

    Args:
        loss: called with output and mask, each (1, C, ...) float32; the training's own.
        threshold: probability from which a voxel is marked, for the Dice.
    """

    def __init__(
        self, *, loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], threshold: float = 0.5
    ) -> None:
        self.loss, self.threshold, self.name = loss, threshold, "val_negative_loss"
        self.beside: dict[str, float] = dict.fromkeys(("val_loss", "val_dice"), float("nan"))
        super().__init__(output_transform=lambda output: output)

    def attach(self, engine: Engine, name: str, usage: str | MetricUsage = EpochWise()) -> None:  # noqa: B008
        """Look at a MONAI engine's outputs, before and after its postprocessing."""
        engine.add_event_handler(IterationEvents.FORWARD_COMPLETED, self._take_loss)
        super().attach(engine, name, usage)

    def reset(self) -> None:
        """Forget all samples."""
        self.losses: list[float] = []
        self.dices: list[float] = []

    def update(self, output: Any) -> None:
        """Take the Dice of samples with probabilities under "pred" and masks under "label", both (1, ...)."""
        for sample in output:
            truth = as_array(sample["label"])[0] > 0
            if truth.any():
                pred = as_array(sample["pred"])[0] >= self.threshold
                self.dices.append(dice(count_voxels(pred, truth)))

    def compute(self) -> float:
        """Minus the mean loss over all processes; `beside` holds the loss and the mean Dice."""
        shares = distributed.gathered((self.losses, self.dices))
        losses, dices = ([one for share in shares for one in share[kind]] for kind in (0, 1))
        loss = float(np.mean(losses)) if losses else float("nan")
        self.beside = {"val_loss": loss, "val_dice": float(np.mean(dices)) if dices else float("nan")}
        return -loss

    def _take_loss(self, engine: Engine) -> None:
        output: Any = engine.state.output
        pred, label = (_plain(output[key]) for key in ("pred", "label"))
        with torch.no_grad():
            self.losses += [
                float(self.loss(pred[place : place + 1], label[place : place + 1]))
                for place in range(len(pred))
            ]


def add_map(histogram: ThresholdHistogram, probability: Any, label: Any) -> None:
    """Count the voxels of one map (1, ...) with values in [0, 1] and its mask (1, ...), both tensors."""
    histogram.add(as_array(probability)[0].clip(0, 1), as_array(label)[0] > 0)


def as_array(tensor: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A tensor on any device as float32 NumPy array."""
    array: np.ndarray[Any, np.dtype[np.float32]] = _plain(tensor).cpu().numpy()
    return array


def _plain(tensor: Any) -> torch.Tensor:
    """A tensor as float32 without meta and gradient, on its device."""
    plain: torch.Tensor = tensor.as_tensor() if hasattr(tensor, "as_tensor") else tensor
    return plain.detach().float()
