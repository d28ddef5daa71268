"""Scores of predicted class probabilities; what cannot be computed is nan, never 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError
from monai_mri.metrics._class_draws import class_draws, weighted_auc
from monai_mri.metrics._class_table import FloatArray, check_probabilities
from monai_mri.metrics.confusion import class_indices


def classification_scores(
    truth: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    classes: Sequence[Any],
    positive: Any = None,
    bins: int = 10,
) -> dict[str, Any]:
    """Score class probabilities against the true classes; the prediction is the most probable class.

    Args:
        truth: True classes, shape (n,).
        probabilities: Shape (n, K), rows adding up to 1. In a tie the first class is predicted.
        classes: The K names, in the order of the columns.
        positive: The class that sensitivity and specificity are about; for two classes the second by
            default. For more classes they are mappings, each class against the rest.
        bins: Equal-width bins of the calibration error.

    Returns:
        `accuracy balanced_accuracy sensitivity specificity macro_f1 auc ece`, 0 to 1; `brier`, 0 to 2
        (Brier 1950, summed over classes); `log_loss`, in nats, 0 to 27.6: probabilities are clipped at 1e-12
        below; `n` and `counts` by class.
        `auc` is Mann and Whitney's with ties counted half; for more than two classes the mean of one
        against the rest. A mean over classes, `balanced_accuracy macro_f1 auc`, is nan if one class is
        absent from the truth: the mean of the others would be of another problem.

    Raises:
        UsageError: Shapes, classes or probabilities do not fit.

    >>> s = classification_scores([0, 0, 1, 1], [[.9, .1], [.4, .6], [.3, .7], [.2, .8]], classes=[0, 1])
    >>> s["accuracy"], s["sensitivity"], s["specificity"], s["auc"]
    (0.75, 1.0, 0.5, 1.0)
    """
    where = "classification_scores"
    places, table = check_probabilities(truth, probabilities, classes, where=where)
    scores = class_draws(places, table, np.ones((1, len(places))), bins=bins)
    counts = np.bincount(places, minlength=len(classes))
    return {
        "accuracy": float(scores["accuracy"][0]),
        "balanced_accuracy": float(scores["balanced_accuracy"][0]),
        "sensitivity": _about(scores["sensitivity"][0], classes, positive),
        "specificity": _about(scores["specificity"][0], classes, positive),
        **{name: float(scores[name][0]) for name in ("macro_f1", "auc", "brier", "log_loss", "ece")},
        "n": len(places),
        "counts": {str(name): int(count) for name, count in zip(classes, counts, strict=True)},
    }


def binary_auc(positive: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Chance that a positive row scores above a negative one, ties half (Mann and Whitney 1947).

    0 to 1; nan without rows of both kinds.

    Args:
        positive: Whether the row is positive, shape (n,).
        scores: Any finite numbers, shape (n,).

    Raises:
        UsageError: The shapes differ, or a score is nan.

    >>> binary_auc([True, False, False], [0.5, 0.5, 0.1])
    0.75
    """
    mask, found = np.asarray(positive, dtype=np.bool_), np.asarray(scores, dtype=np.float64)
    if mask.ndim != 1 or mask.shape != found.shape or np.isnan(found).any():
        raise UsageError(
            f"binary_auc: found shapes {mask.shape} and {found.shape}, expected (n,) twice and no nan; "
            "pass a score for each row"
        )
    return float(weighted_auc(mask, found, np.ones((1, len(mask))))[0])


def _about(values: FloatArray, classes: Sequence[Any], positive: Any) -> float | dict[str, float]:
    if positive is None and len(classes) > 2:
        return {str(name): float(value) for name, value in zip(classes, values, strict=True)}
    place = len(classes) - 1 if positive is None else int(class_indices([positive], classes)[0])
    return float(values[place])
