"""How well a classifier does on the samples of an evaluator."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from ignite.metrics import Metric
from numpy.typing import NDArray

from monai_mri.engines import distributed
from monai_mri.engines.key_metric import as_array
from monai_mri.errors import ConfigError

Select = Literal["log_likelihood", "accuracy", "balanced_accuracy"]
SELECTABLE = ("log_likelihood", "accuracy", "balanced_accuracy")
LEAST = 1e-12  # a probability of 0 for the truth costs this much, not infinity


class ClassScores(Metric):
    """Accuracy, balanced accuracy and mean log likelihood of the true class, over all samples.

    Samples hold the class's number under "label" and a probability a class under "pred", shape (K,).
    Accuracies are in [0, 1]; the log likelihood is at most 0, in nats, and minus it is the cross-entropy.
    Undefined (no sample) is nan.

    Args:
        select: the score that says which epoch is best; it is kept as `val_<select>`.

    Raises:
        ConfigError: there is no such score.
    """

    def __init__(self, *, select: Select = "log_likelihood") -> None:
        if select not in SELECTABLE:
            raise ConfigError(f"select: {select!r} found, expected one of {', '.join(SELECTABLE)}")
        self.select, self.name = select, f"val_{select}"
        self.beside: dict[str, float] = dict.fromkeys(self._others(), float("nan"))
        super().__init__(output_transform=lambda output: output)

    def reset(self) -> None:
        """Forget all samples."""
        self.probabilities: list[NDArray[np.float32]] = []
        self.labels: list[int] = []

    def update(self, output: Any) -> None:
        """Take the samples in."""
        for sample in output:
            self.probabilities.append(as_array(sample["pred"]).reshape(-1))
            self.labels.append(int(sample["label"]))

    def compute(self) -> float:
        """The selected score over all processes; `beside` holds the others."""
        gathered = distributed.gathered((self.probabilities, self.labels))
        probabilities = [one for several, _ in gathered for one in several]
        labels = np.array([one for _, several in gathered for one in several], dtype=np.int64)
        scores = _scores(np.array(probabilities), labels)
        self.beside = {name: scores[name] for name in self._others()}
        return scores[self.name]

    def _others(self) -> list[str]:
        names = ["val_loss", "val_accuracy", "val_balanced_accuracy", "val_log_likelihood"]
        return [name for name in names if name != self.name and name != "val_log_likelihood"]


def _scores(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, float]:
    if not len(labels):
        nan = float("nan")
        names = ("val_loss", "val_accuracy", "val_balanced_accuracy", "val_log_likelihood")
        return dict.fromkeys(names, nan)
    right = probabilities.argmax(axis=1) == labels
    likelihood = np.log(np.maximum(probabilities[np.arange(len(labels)), labels], LEAST)).mean()
    balanced = np.mean([right[labels == label].mean() for label in np.unique(labels)])
    return {
        "val_loss": float(-likelihood),
        "val_accuracy": float(right.mean()),
        "val_balanced_accuracy": float(balanced),
        "val_log_likelihood": float(likelihood),
    }
