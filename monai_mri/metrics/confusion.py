"""Count which class was taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError


def confusion_matrix(
    truth: npt.ArrayLike, predicted: npt.ArrayLike, classes: Sequence[Any]
) -> npt.NDArray[np.int64]:
    """Counts of shape (K, K): rows are the true class, columns the predicted one, in the order of classes.

    Args:
        truth: True classes, shape (n,); n may be 0.
        predicted: Predicted classes, shape (n,).
        classes: The K names, each once.

    Raises:
        UsageError: The lengths differ, or a class is repeated or unknown.

    >>> confusion_matrix(["a", "b", "b"], ["a", "a", "b"], ["a", "b"]).tolist()
    [[1, 0], [1, 1]]
    """
    rows, columns = class_indices(truth, classes), class_indices(predicted, classes)
    if len(rows) != len(columns):
        raise UsageError(
            f"confusion_matrix: found {len(rows)} true and {len(columns)} predicted classes, "
            "expected as many; pass one of each a row"
        )
    size = len(classes)
    return np.bincount(rows * size + columns, minlength=size * size).reshape(size, size).astype(np.int64)


def class_indices(values: npt.ArrayLike, classes: Sequence[Any]) -> npt.NDArray[np.int64]:
    """The place of each value in classes; raise UsageError for a repeated or unknown class."""
    places = {name: place for place, name in enumerate(classes)}
    if len(places) != len(classes):
        raise UsageError("classes: found a class twice, expected each once; drop the repeat")
    found = np.asarray(values).reshape(-1).tolist()
    unknown = sum(value not in places for value in found)
    if unknown:
        raise UsageError(
            f"classes: {unknown} values are none of the {len(classes)} classes, expected only these; "
            "correct the labels or the list of classes"
        )
    return np.asarray([places[value] for value in found], dtype=np.int64)
