"""Scores of classes with their intervals, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError
from monai_mri.metrics._class_draws import class_draws
from monai_mri.metrics._class_table import FloatArray, IntArray, check_probabilities
from monai_mri.metrics.bootstrap import draw_weights, percentile_interval
from monai_mri.metrics.confusion import class_indices
from monai_mri.metrics.intervals import wilson_interval

SCORES = ("accuracy", "balanced_accuracy", "macro_f1", "auc", "brier", "log_loss", "ece")
FEWEST_SUBJECTS = 5  # of a bootstrap: the draws of fewer are too few to tell how far a score may lie off
BY_CLASS = {"sensitivity": "sensitivity", "specificity": "specificity", "auc": "aucs"}


def summarise_classification(
    truth: Sequence[Any] | npt.NDArray[Any],
    probabilities: npt.ArrayLike,
    *,
    classes: Sequence[Any],
    positive: Any = None,
    groups: npt.ArrayLike | None = None,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """Every score of `classification_scores` with an interval.

    Accuracy, sensitivity and specificity have Wilson's interval where every subject has one row. All others,
    and these too where a subject has several, have percentiles of draws of whole subjects; of fewer than 5
    subjects these would be far too narrow, and are nan.

    Args:
        truth: True classes, shape (n,).
        probabilities: Shape (n, K), rows adding up to 1. In a tie the first class is predicted.
        classes: The K names, in the order of the columns.
        positive: The class of `sensitivity` and `specificity`; for two classes the second by default, for
            more there is none by default, and both are nan.
        groups: The subject of each row, shape (n,); without it each row is a subject of its own.
        level: Of the intervals, between 0 and 1.
        draws: Bootstrap draws, 1 or more.
        seed: Of the draws.

    Returns:
        For `accuracy balanced_accuracy sensitivity specificity macro_f1 auc brier log_loss ece`, and for more
        than two classes `sensitivity_<class>`, `specificity_<class>` and `auc_<class>`, each against the
        rest, a dict of `value`, `low`, `high`; `n`, the rows it stands on; `interval`, "wilson" or
        "bootstrap by subject"; `undefined_draws`, left out of the interval. Undefined is nan. A mean over
        classes is undefined if one is absent from the truth.

    Raises:
        UsageError: Shapes, classes, probabilities or settings do not fit.

    >>> table = [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]]
    >>> found = summarise_classification(["no", "no", "yes", "yes"], table, classes=["no", "yes"])
    >>> found["sensitivity"]["value"], round(found["sensitivity"]["low"], 3), found["sensitivity"]["n"]
    (1.0, 0.342, 2)
    """
    places, table = check_probabilities(truth, probabilities, classes, where="summarise_classification")
    names = _subjects(groups, len(places))
    about = None if positive is None else int(class_indices([positive], classes)[0])
    about = 1 if about is None and len(classes) == 2 else about
    values = _named(class_draws(places, table, np.ones((1, len(places)))), classes, about)
    drawn = [
        _named(class_draws(places, table, weights), classes, about)
        for weights in draw_weights(names, draws=draws, seed=seed)
    ]
    rows = _rows_of(places, classes, about)
    subjects = len(np.unique(names))
    alone = subjects == len(names)
    found = {}
    for name, value in values.items():
        several = np.concatenate([block[name] for block in drawn]) if drawn else np.empty(0)
        score = {"value": float(value[0]), "n": rows.get(name, len(places))}
        if alone and name.split("_")[0] in ("accuracy", "sensitivity", "specificity"):
            found[name] = score | _wilson(score["value"], int(score["n"]), level)
        else:
            low, high, undefined = percentile_interval(several, level=level, draws=draws)
            if subjects < FEWEST_SUBJECTS:
                low = high = float("nan")
            found[name] = score | _interval(low, high, "bootstrap by subject", undefined)
    return found


def _named(scores: dict[str, FloatArray], classes: Sequence[Any], about: int | None) -> dict[str, FloatArray]:
    """The scores of each draw by the name that they have in the summary, each of shape (D,)."""
    nothing = np.full(len(scores["accuracy"]), np.nan)
    named = {name: scores[name] for name in SCORES[:2]}
    for name in ("sensitivity", "specificity"):
        named[name] = nothing if about is None else scores[name][:, about]
    named |= {name: scores[name] for name in SCORES[2:]}
    if len(classes) > 2:
        for kind, source in BY_CLASS.items():
            named |= {f"{kind}_{name}": scores[source][:, k] for k, name in enumerate(classes)}
    return named


def _rows_of(places: IntArray, classes: Sequence[Any], about: int | None) -> dict[str, int]:
    """Rows that the sensitivities and specificities stand on; all others stand on every row."""
    counts = np.bincount(places, minlength=len(classes))
    rows = {
        "sensitivity": 0 if about is None else int(counts[about]),
        "specificity": 0 if about is None else int(len(places) - counts[about]),
    }
    rows |= {f"sensitivity_{name}": int(count) for name, count in zip(classes, counts, strict=True)}
    return rows | {
        f"specificity_{name}": int(len(places) - count) for name, count in zip(classes, counts, strict=True)
    }


def _subjects(groups: npt.ArrayLike | None, n: int) -> npt.NDArray[Any]:
    names = np.arange(n) if groups is None else np.asarray(groups)
    if names.shape != (n,):
        raise UsageError(
            f"summarise_classification: groups has shape {names.shape}, expected ({n},); "
            "pass the subject of each row"
        )
    return names


def _wilson(value: float, n: int, level: float) -> dict[str, Any]:
    low, high = wilson_interval(0 if np.isnan(value) else round(value * n), n, level)
    return _interval(low, high, "wilson", 0)


def _interval(low: float, high: float, kind: str, undefined: int) -> dict[str, Any]:
    return {"low": low, "high": high, "interval": kind, "undefined_draws": undefined}
