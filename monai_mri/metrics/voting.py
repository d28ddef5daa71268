"""Several classifiers of the same rows: what most of them say, their mean, and how far they agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError
from monai_mri.metrics._class_table import FloatArray, IntArray, check_table
from monai_mri.metrics.confusion import class_indices


class Vote(NamedTuple):
    """What most voters say.

    Attributes:
        places: Column of the class of each row, shape (n,).
        votes: Voters for each class, shape (n, K).
        tied: Rows where two classes had most voters, bool, shape (n,).
    """

    places: IntArray
    votes: IntArray
    tied: npt.NDArray[np.bool_]


class Agreement(NamedTuple):
    """How far voters agree, whatever is true.

    Attributes:
        unanimous: Share of the rows where all say the same, 0 to 1; nan without rows.
        kappa: Fleiss' kappa, 1 for agreement in all rows, 0 for that of chance, less below it; nan where
            chance alone agrees in all rows, as where one class is all that is ever said.
        rows: Rows.
        voters: Voters.
    """

    unanimous: float
    kappa: float
    rows: int
    voters: int


def majority_vote(probabilities: npt.ArrayLike) -> Vote:
    """The class that most voters say; a voter says its most probable class, the first one in a tie.

    A tie of the vote, impossible for two classes and an odd number of voters, goes to that of the tied
    classes whose mean probability is largest, and if these are equal, too, to the first of them.

    Args:
        probabilities: Shape (V, n, K): voters, rows, classes; each row of a voter adds up to 1.

    Raises:
        UsageError: There is no voter, or the probabilities are none.

    >>> found = majority_vote([[[0.9, 0.1]], [[0.4, 0.6]], [[0.45, 0.55]]])
    >>> found.places.tolist(), found.votes.tolist()
    ([1], [[1, 2]])
    """
    tables = check_tables(probabilities, where="majority_vote")
    size = tables.shape[2]
    votes = np.eye(size, dtype=np.int64)[_said(tables)].sum(axis=0)
    leading = votes == votes.max(axis=1, initial=0, keepdims=True)
    places = np.where(leading, tables.mean(axis=0), -1.0).argmax(axis=1)
    return Vote(places.astype(np.int64), votes, leading.sum(axis=1) > 1)


def mean_probability(probabilities: npt.ArrayLike) -> FloatArray:
    """The mean of the voters' probabilities, shape (n, K) from (V, n, K); each row adds up to 1 exactly.

    Raises:
        UsageError: There is no voter, or the probabilities are none.

    >>> mean_probability([[[0.9, 0.1]], [[0.4, 0.6]]]).round(2).tolist()
    [[0.65, 0.35]]
    """
    mean: FloatArray = check_tables(probabilities, where="mean_probability").mean(axis=0)
    mean /= mean.sum(axis=1, keepdims=True)
    return mean


def agreement(labels: npt.ArrayLike, classes: Sequence[Any]) -> Agreement:
    """How far voters agree in what they say (Fleiss, Psychol. Bull. 1971).

    Args:
        labels: The class that each voter says, shape (V, n).
        classes: The K names, each once.

    Raises:
        UsageError: There are fewer than two voters, or a class is repeated or unknown.

    >>> agreement([["a", "b", "b", "a"], ["a", "b", "a", "a"]], ["a", "b"])
    Agreement(unanimous=0.75, kappa=0.4666666666666667, rows=4, voters=2)
    """
    table = np.asarray(labels)
    if table.ndim != 2 or len(table) < 2:
        raise UsageError(
            f"agreement: found labels of shape {table.shape}, expected (V, n) with two voters or more; "
            "pass a line of labels for each voter"
        )
    voters, rows = table.shape
    places = class_indices(table, classes).reshape(voters, rows)
    counts = np.eye(len(classes))[places].sum(axis=0)
    if not rows:
        return Agreement(float("nan"), float("nan"), 0, voters)
    pairs = (counts * (counts - 1)).sum(axis=1) / (voters * (voters - 1))
    observed, chance = float(pairs.mean()), float(((counts.mean(axis=0) / voters) ** 2).sum())
    kappa = (observed - chance) / (1 - chance) if chance < 1 else float("nan")
    return Agreement(float((counts.max(axis=1) == voters).mean()), kappa, rows, voters)


def check_tables(probabilities: npt.ArrayLike, *, where: str) -> FloatArray:
    """Probabilities of one voter or more, shape (V, n, K); raise UsageError if they are not."""
    tables = np.asarray(probabilities, dtype=np.float64)
    if tables.ndim != 3 or not len(tables):
        raise UsageError(
            f"{where}: found probabilities of shape {tables.shape}, expected (V, n, K) with one voter or "
            "more; pass a table for each voter, all of the same rows"
        )
    for table in tables:
        check_table(table, rows=tables.shape[1], where=where)
    return tables


def _said(tables: FloatArray) -> IntArray:
    return tables.argmax(axis=2) if tables.size else np.zeros(tables.shape[:2], dtype=np.int64)
