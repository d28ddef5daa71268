"""Whether probabilities can be believed: Brier score, log loss, calibration error.

Each takes weights of shape (D, n) too, a row of them for each draw of a bootstrap, so that thousands of
draws are scored at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError

FloatArray = npt.NDArray[np.float64]
LEAST_PROBABILITY = 1e-12  # a true class given 0 costs 27.6 nats, not infinity


def brier_losses(places: npt.NDArray[np.int64], table: FloatArray) -> FloatArray:
    """Squared error of each row, summed over classes, 0 to 2, shape (n,) (Brier, Mon. Weather Rev. 1950)."""
    losses: FloatArray = ((table - np.eye(table.shape[1])[places]) ** 2).sum(axis=1)
    return losses


def log_losses(places: npt.NDArray[np.int64], table: FloatArray) -> FloatArray:
    """-ln of the true class's probability, shape (n,), in nats, 0 to 27.6: clipped at 1e-12 below."""
    return -np.log(np.maximum(table[np.arange(len(places)), places], LEAST_PROBABILITY))


def calibration_error(correct: npt.ArrayLike, confidence: npt.ArrayLike, *, bins: int = 10) -> float:
    """Expected calibration error of the predicted class, 0 to 1 (Naeini, AAAI 2015); nan for no rows.

    The mean distance between confidence and share of right rows in bins of equal width, closed above,
    weighted by their rows. In few rows it is above 0 by chance, even of a calibrated network.

    Args:
        correct: Whether the row was right, shape (n,).
        confidence: Probability of the predicted class, 0 to 1, shape (n,).
        bins: 1 or more.

    Raises:
        UsageError: The shapes differ, a confidence is nan or not from 0 to 1, or there is no bin.

    >>> calibration_error([True, False], [1.0, 1.0])
    0.5
    """
    hits, sure = np.asarray(correct, dtype=np.float64), np.asarray(confidence, dtype=np.float64)
    if hits.ndim != 1 or hits.shape != sure.shape or not np.all((sure >= 0) & (sure <= 1)):
        raise UsageError(
            f"calibration_error: found shapes {hits.shape} and {sure.shape}, expected (n,) twice and "
            "confidences from 0 to 1; pass the largest probability of each row"
        )
    return float(weighted_calibration_error(hits, sure, np.ones((1, len(hits))), bins=bins)[0])


def weighted_calibration_error(
    correct: FloatArray, confidence: FloatArray, weights: FloatArray, *, bins: int
) -> FloatArray:
    """`calibration_error` for each row of weights, (D, n) to (D,); nan where they add up to 0."""
    if bins < 1:
        raise UsageError(f"calibration_error: bins is {bins}, expected 1 or more; correct that argument")
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    distances = (correct - confidence)[:, None] * (place[:, None] == np.arange(bins))
    total = weights.sum(axis=1)
    found: FloatArray = np.full(len(weights), np.nan)
    np.divide(np.abs(weights @ distances).sum(axis=1), total, out=found, where=total > 0)
    return found
