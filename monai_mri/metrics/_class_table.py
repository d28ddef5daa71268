"""Refuse class probabilities that cannot be scored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError
from monai_mri.metrics.confusion import class_indices

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
SUM_TOLERANCE = 1e-3  # a softmax in half precision adds up to 1 this well


def check_table(probabilities: npt.ArrayLike, *, rows: int, where: str) -> FloatArray:
    """Probabilities of two classes or more, shape (rows, K); raise UsageError if they are not."""
    table = np.asarray(probabilities, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != rows or table.shape[1] < 2:
        raise UsageError(
            f"{where}: found probabilities of shape {table.shape}, expected ({rows}, K) with two classes or "
            "more; pass a row for each truth and a column for each class"
        )
    if np.isnan(table).any():
        raise UsageError(
            f"{where}: {int(np.isnan(table).any(axis=1).sum())} of {rows} rows hold nan, expected "
            "probabilities from 0 to 1; find out why the network gave none"
        )
    if rows and not (table.min() >= 0 and table.max() <= 1):
        raise UsageError(
            f"{where}: values run from {table.min():g} to {table.max():g}, expected probabilities from "
            "0 to 1; apply the softmax first"
        )
    off = np.abs(table.sum(axis=1) - 1) > SUM_TOLERANCE
    if off.any():
        raise UsageError(
            f"{where}: row {int(off.argmax())} adds up to {table[off.argmax()].sum():g}, expected 1; "
            "apply the softmax over the classes first"
        )
    return table


def check_probabilities(
    truth: npt.ArrayLike, probabilities: npt.ArrayLike, classes: Sequence[Any], *, where: str
) -> tuple[IntArray, FloatArray]:
    """The column of each true class, and the table (n, K); raise UsageError if they do not fit."""
    places = class_indices(truth, classes)
    table = check_table(probabilities, rows=len(places), where=where)
    if table.shape[1] != len(classes):
        raise UsageError(
            f"{where}: found {table.shape[1]} columns and {len(classes)} classes, expected as many; "
            "pass a column for each class, in their order"
        )
    return places, table


def check_places(truth: npt.ArrayLike, *, columns: int, where: str) -> IntArray:
    """The column of each true class as whole numbers; raise UsageError if one is no column."""
    places = np.asarray(truth)
    if places.ndim != 1 or (places.size and not np.issubdtype(places.dtype, np.integer)):
        raise UsageError(
            f"{where}: truth has shape {places.shape} and dtype {places.dtype}, expected the number of the "
            "true class of each row, counted from 0; translate names with classes.index"
        )
    if places.size and not (places.min() >= 0 and places.max() < columns):
        raise UsageError(
            f"{where}: truth runs from {places.min()} to {places.max()}, expected columns from 0 to "
            f"{columns - 1}; count the classes from 0, in the order of the columns"
        )
    return places.astype(np.int64)
