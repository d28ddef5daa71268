"""What a classifier said of each image, and the scores of it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.engines.dataset import CLASS, Sample
from monai_mri.engines.key_metric import as_array


@dataclass(frozen=True)
class Prediction:
    """One image: who it is of, its class if known, and a probability for each class, shape (K,)."""

    sample_id: str
    subject_id: str
    truth: str | None
    probabilities: NDArray[np.float64]

    @classmethod
    def of(cls, sample: Sample, output: Sample) -> Prediction:
        """What an evaluator's sample and output say; probabilities are made to sum to 1 exactly."""
        found = as_array(output["pred"]).reshape(-1).astype(np.float64)
        truth = None if sample.get(CLASS) is None else str(sample[CLASS])
        return cls(str(sample["sample_id"]), str(sample["subject_id"]), truth, found / found.sum())


def predictions_table(predictions: list[Prediction], classes: list[str]) -> str:
    """CSV, a line an image: sample_id, subject_id, truth, predicted, correct, then p_<class> a class."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    about = ["sample_id", "subject_id", "truth", "predicted", "correct"]
    writer.writerow([*about, *(f"p_{name}" for name in classes)])
    for one in predictions:
        predicted = classes[int(one.probabilities.argmax())]
        correct = "" if one.truth is None else str(int(one.truth == predicted))
        shares = [f"{share:.6f}" for share in one.probabilities]
        writer.writerow([one.sample_id, one.subject_id, one.truth or "", predicted, correct, *shares])
    return text.getvalue()


def printed_scores(summary: dict[str, Any]) -> list[str]:
    """The scores as lines for people: value, interval, and how it was made."""
    lines = []
    for name, score in summary["scores"].items():
        if not isinstance(score, dict) or score.get("value") is None:
            continue
        between = ""
        if score.get("low") is not None and score.get("high") is not None:
            between = f"  [{score['low']:.3f}, {score['high']:.3f}]"
        lines.append(f"{name:<20} {score['value']:.3f}{between}")
    return lines
