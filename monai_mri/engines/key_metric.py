"""How good maps of probability are, whatever threshold will be chosen."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

import numpy as np
from ignite.metrics import Metric

from monai_mri.engines import distributed
from monai_mri.metrics import ThresholdChoice, ThresholdHistogram


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


def add_map(histogram: ThresholdHistogram, probability: Any, label: Any) -> None:
    """Count the voxels of one map (1, ...) with values in [0, 1] and its mask (1, ...), both tensors."""
    histogram.add(as_array(probability)[0].clip(0, 1), as_array(label)[0] > 0)


def as_array(tensor: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A tensor on any device as float32 NumPy array."""
    plain = tensor.as_tensor() if hasattr(tensor, "as_tensor") else tensor
    array: np.ndarray[Any, np.dtype[np.float32]] = plain.detach().float().cpu().numpy()
    return array
