"""Means of scores over rows that belong to subjects, with intervals that draw whole subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError
from monai_mri.metrics.bootstrap import FloatArray, draw_weights, percentile_interval
from monai_mri.metrics.class_summary import FEWEST_SUBJECTS


@dataclass(frozen=True)
class SubjectMean:
    """One score over many rows; every figure is nan where it is undefined.

    Attributes:
        value: Mean over the rows where the score is defined; nan if there are none.
        low: Lower end of the interval; nan for fewer than 5 subjects with a defined row.
        high: Its upper end.
        sd: Standard deviation of these rows (n - 1); nan for fewer than two.
        n: Rows where the score is defined.
        undefined: Rows where it is nan, and so left out.
        subjects: Subjects of the n rows.
        undefined_draws: Draws without a defined row, left out of the interval.
    """

    value: float
    low: float
    high: float
    sd: float
    n: int
    undefined: int
    subjects: int
    undefined_draws: int


def subject_means(
    rows: Sequence[Mapping[str, float]],
    subjects: Sequence[str],
    *,
    names: Sequence[str],
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> dict[str, SubjectMean]:
    """Mean of each score with a percentile interval; each draw takes whole subjects with replacement.

    Args:
        rows: One mapping of scores for each slice, volume or scan; nan where undefined.
        subjects: The subject of each row.
        names: The scores, keys of every row.
        level: Of the intervals, between 0 and 1.
        draws: Bootstrap draws, 1 or more.
        seed: Of the draws.

    Raises:
        UsageError: There are not as many subjects as rows, or a setting is out of range.

    >>> rows = [{"dice": 1.0}, {"dice": 0.5}, {"dice": float("nan")}]
    >>> found = subject_means(rows, ["a", "b", "b"], names=["dice"])["dice"]
    >>> found.value, found.n, found.undefined, found.subjects, found.low
    (0.75, 2, 1, 2, nan)
    """
    if len(rows) != len(subjects):
        raise UsageError(
            f"subject_means: found {len(rows)} rows and {len(subjects)} subjects, expected as many; "
            "pass the subject of each row"
        )
    table = np.array([[row[name] for name in names] for row in rows], dtype=np.float64)
    table = table.reshape(len(rows), len(names))
    defined, groups = ~np.isnan(table), np.asarray(subjects, dtype=str)
    drawn = _drawn_means(np.where(defined, table, 0.0), defined, groups, draws=draws, seed=seed)
    found = {}
    for column, name in enumerate(names):
        low, high, undefined = percentile_interval(drawn[:, column], level=level, draws=draws)
        values, people = table[defined[:, column], column], len(np.unique(groups[defined[:, column]]))
        if people < FEWEST_SUBJECTS:
            low = high = float("nan")
        found[name] = SubjectMean(
            value=float(values.mean()) if len(values) else float("nan"),
            low=low,
            high=high,
            sd=float(values.std(ddof=1)) if len(values) > 1 else float("nan"),
            n=len(values),
            undefined=len(rows) - len(values),
            subjects=people,
            undefined_draws=undefined,
        )
    return found


def _drawn_means(
    filled: FloatArray, defined: npt.NDArray[np.bool_], groups: npt.NDArray[np.str_], *, draws: int, seed: int
) -> FloatArray:
    """Means over the defined rows of each draw, shape (draws, scores); nan where a draw has none."""
    blocks = []
    for weights in draw_weights(groups, draws=draws, seed=seed):
        sums, counts = weights @ filled, weights @ defined.astype(np.float64)
        means = np.full(sums.shape, np.nan)
        np.divide(sums, counts, out=means, where=counts > 0)
        blocks.append(means)
    return np.concatenate(blocks) if blocks else np.empty((0, filled.shape[1]))
