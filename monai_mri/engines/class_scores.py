"""What a classifier said of each image, and the scores of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.engines.class_dataset import classes_of
from monai_mri.engines.dataset import CLASS, Sample
from monai_mri.engines.key_metric import as_array
from monai_mri.errors import ConfigError
from monai_mri.metrics import (
    confusion_matrix,
    coverage_accuracy_curve,
    majority_baseline,
    risk_coverage_area,
    summarise_classification,
)


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


def predictions_table(
    predictions: list[Prediction], classes: list[str], *, beside: Mapping[str, Sequence[str]] | None = None
) -> str:
    """CSV, a line an image: sample_id, subject_id, truth, predicted, correct, then p_<class> a class.

    Args:
        predictions: of the images.
        classes: their names.
        beside: further columns, a cell an image each.
    """
    further = dict(beside or {})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    about = ["sample_id", "subject_id", "truth", "predicted", "correct"]
    writer.writerow([*about, *(f"p_{name}" for name in classes), *further])
    for number, one in enumerate(predictions):
        predicted = classes[int(one.probabilities.argmax())]
        correct = "" if one.truth is None else str(int(one.truth == predicted))
        shares = [f"{share:.6f}" for share in one.probabilities]
        cells = [cells[number] for cells in further.values()]
        writer.writerow([one.sample_id, one.subject_id, one.truth or "", predicted, correct, *shares, *cells])
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


def scores_of(
    predictions: list[Prediction], classes: list[str], *, positive: str | None, draws: int, seed: int
) -> dict[str, Any]:
    """Scores with their intervals under "scores", and the confusion matrix under "confusion"."""
    truth = [str(one.truth) for one in predictions]
    probabilities = np.array([one.probabilities for one in predictions])
    groups = [one.subject_id for one in predictions]
    scores = summarise_classification(
        truth, probabilities, classes=classes, positive=positive, groups=groups, draws=draws, seed=seed
    )
    predicted = [classes[int(row.argmax())] for row in probabilities]
    return {"scores": scores, "confusion": confusion_matrix(truth, predicted, classes).tolist()}


def majority_of(trained_on: Any, predictions: list[Prediction]) -> dict[str, Any]:
    """What saying the commonest class of the training images, each counted once, would be right for.

    Raises:
        ConfigError: `trained_on` holds no classes.
    """
    images = classes_of(trained_on)
    if images is None:
        raise ConfigError(
            "trained_on: a dataset without classes, expected a ClassDataset; name the training part"
        )
    rows = dict(zip(images.order, images.labels, strict=True))
    names = images.names
    truth = [str(one.truth) for one in predictions]
    found = majority_baseline([names[number] for number in rows.values()], truth, classes=names)
    return {"class": found.name, "accuracy": found.accuracy, "correct": found.correct, "n": found.n}


def abstention_of(predictions: list[Prediction], classes: list[str]) -> dict[str, Any]:
    """Accuracy of the surest predictions by how many are kept."""
    truth = np.array([classes.index(str(one.truth)) for one in predictions])
    probabilities = np.array([one.probabilities for one in predictions])
    curve = coverage_accuracy_curve(truth, probabilities)
    return {
        "risk_coverage_area": risk_coverage_area(truth, probabilities),
        "threshold": list(curve.thresholds),
        "coverage": list(curve.coverage),
        "accuracy": list(curve.accuracy),
        "chosen": None,
    }
