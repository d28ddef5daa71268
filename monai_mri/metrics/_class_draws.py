"""Scores of classes for many weightings of the same rows at once.

A bootstrap draw takes some rows twice and some not at all: it is a row of whole-number weights. With weights
of 1 the scores are those of the rows themselves, so value and interval come from the same lines.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.metrics._class_table import FloatArray, IntArray
from monai_mri.metrics.calibration import brier_losses, log_losses, weighted_calibration_error


def class_draws(
    places: IntArray, table: FloatArray, weights: FloatArray, *, bins: int = 10
) -> dict[str, FloatArray]:
    """Every score for each row of weights; nan where it is undefined.

    Args:
        places: Column of the true class, shape (n,).
        table: Probabilities, shape (n, K).
        weights: How often each row counts, shape (D, n).
        bins: Of the calibration error.

    Returns:
        `accuracy balanced_accuracy macro_f1 auc brier log_loss ece` of shape (D,); by class, each against the
        rest, `sensitivity specificity aucs` of shape (D, K).
    """
    size, total = table.shape[1], weights.sum(axis=1)
    predicted = table.argmax(axis=1) if len(table) else places
    cells = np.eye(size * size)[places * size + predicted]
    counts = (weights @ cells).reshape(-1, size, size)
    hits, true, called = np.einsum("dkk->dk", counts), counts.sum(axis=2), counts.sum(axis=1)
    others = total[:, None] - true
    recalls = _ratio(hits, true)
    f1s = np.where(true > 0, _ratio(2 * hits, true + called), np.nan)
    aucs = np.stack([weighted_auc(places == k, table[:, k], weights) for k in range(size)], axis=1)
    sure = table.max(axis=1, initial=0.0)
    return {
        "accuracy": _ratio(hits.sum(axis=1), total),
        "balanced_accuracy": recalls.mean(axis=1),
        "macro_f1": f1s.mean(axis=1),
        "auc": aucs[:, 1] if size == 2 else aucs.mean(axis=1),
        "brier": _ratio(weights @ brier_losses(places, table), total),
        "log_loss": _ratio(weights @ log_losses(places, table), total),
        "ece": weighted_calibration_error((predicted == places) * 1.0, sure, weights, bins=bins),
        "sensitivity": recalls,
        "specificity": _ratio(others - (called - hits), others),
        "aucs": aucs,
    }


def weighted_auc(positive: npt.NDArray[np.bool_], scores: FloatArray, weights: FloatArray) -> FloatArray:
    """Chance that a positive row scores above a negative one, ties half, for each row of weights; (D,).

    Rows are sorted once; below each distinct score the negative weights are added up.
    """
    order = np.argsort(scores, kind="stable")
    ups, downs = weights[:, order] * positive[order], weights[:, order] * ~positive[order]
    total = ups.sum(axis=1) * downs.sum(axis=1)
    if not len(order):
        return np.full(len(weights), np.nan)
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) > 0])
    ups, downs = np.add.reduceat(ups, starts, axis=1), np.add.reduceat(downs, starts, axis=1)
    won = (ups * (np.cumsum(downs, axis=1) - downs / 2)).sum(axis=1)
    return _ratio(won, total)


def _ratio(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> FloatArray:
    shares: FloatArray = np.full(below.shape, np.nan)
    np.divide(above, below, out=shares, where=below > 0)
    return shares
