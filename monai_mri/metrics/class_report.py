"""Precision, recall and F of each class, and their means, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.metrics.class_summary import summarise_classification
from monai_mri.metrics.confusion import class_indices, confusion_matrix

COLUMNS = ("precision", "recall", "f1", "support")
WITH_INTERVAL = ("accuracy", "macro_f1")


def class_report(
    truth: npt.ArrayLike,
    predicted: npt.ArrayLike,
    *,
    classes: Sequence[Any],
    groups: npt.ArrayLike | None = None,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """The table that the tumour paper prints of each classifier (its Figure 3), with two intervals.

    Args:
        truth: True classes, shape (n,).
        predicted: Predicted classes, shape (n,).
        classes: The K names, each once.
        groups: The subject of each row, shape (n,); without it each row is a subject of its own.
        level: Of the intervals, between 0 and 1.
        draws: Bootstrap draws, 1 or more.
        seed: Of the draws.

    Returns:
        `classes`: for each class its `precision recall f1`, 0 to 1, and `support`, its rows. `macro` and
        `weighted`: the means over classes, plain and by support. `accuracy` and `macro_f1` with their
        interval, as `summarise_classification` has them. Precision is nan for a class that is never
        predicted, recall and F for one that is absent from the truth, and so are plain means over them;
        the weighted ones leave a class that is absent out, for its weight is 0.

    Raises:
        UsageError: The lengths differ, a class is repeated or unknown, or a setting is out of range.

    >>> found = class_report(["a", "a", "b"], ["a", "b", "b"], classes=["a", "b"])
    >>> found["classes"]["b"], round(found["accuracy"]["value"], 3)
    ({'precision': 0.5, 'recall': 1.0, 'f1': 0.6666666666666666, 'support': 1}, 0.667)
    """
    counts = confusion_matrix(truth, predicted, classes)
    hits, support, called = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    shares = {
        "precision": _ratio(hits, called),
        "recall": _ratio(hits, support),
        "f1": np.where(support > 0, _ratio(2 * hits, support + called), np.nan),
    }
    chosen = np.eye(len(classes))[class_indices(predicted, classes)]
    scores = summarise_classification(
        np.asarray(truth).reshape(-1).tolist(),
        chosen,
        classes=classes,
        groups=groups,
        level=level,
        draws=draws,
        seed=seed,
    )
    return {
        "classes": {
            str(name): {column: float(values[k]) for column, values in shares.items()}
            | {"support": int(support[k])}
            for k, name in enumerate(classes)
        },
        "macro": {column: float(values.mean()) for column, values in shares.items()}
        | {"support": int(support.sum())},
        "weighted": {column: _weighted(values, support) for column, values in shares.items()}
        | {"support": int(support.sum())},
        **{name: scores[name] for name in WITH_INTERVAL},
    }


def report_lines(title: str, report: dict[str, Any]) -> list[str]:
    """The table as lines for the terminal, in the form of the paper's; "-" is undefined.

    >>> report_lines("net", class_report(["a", "b"], ["a", "b"], classes=["a", "b"]))[1]
    '           a       1.00      1.00      1.00         1'
    """
    rows = {**report["classes"], "macro avg": report["macro"], "weighted avg": report["weighted"]}
    width = max(len(title), *(len(name) for name in rows))
    lines = [f"{title:<{width}}{'precision':>11}{'recall':>10}{'f1':>10}{'support':>10}"]
    for name, row in rows.items():
        if name == "macro avg":
            total = row["support"]
            lines.append(f"{'accuracy':>{width}}{_cell(report['accuracy']['value']):>31}{total:>10}")
        cells = (_cell(row["precision"]), _cell(row["recall"]), _cell(row["f1"]))
        lines.append(f"{name:>{width}}{cells[0]:>11}{cells[1]:>10}{cells[2]:>10}{row['support']:>10}")
    return lines


def _cell(value: float | None) -> str:
    return "-" if value is None or np.isnan(value) else f"{value:.2f}"


def _weighted(values: npt.NDArray[Any], support: npt.NDArray[Any]) -> float:
    there = support > 0
    return float(np.average(values[there], weights=support[there])) if there.any() else float("nan")


def _ratio(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    shares: npt.NDArray[np.float64] = np.full(below.shape, np.nan)
    np.divide(above, below, out=shares, where=below > 0)
    return shares
