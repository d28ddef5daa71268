"""Intervals by resampling whole subjects, for rows that are not independent (Efron, Ann. Stat. 1979)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError

FloatArray = npt.NDArray[np.float64]
CELLS = 2_000_000  # weights held at a time, 16 MB


class BootstrapInterval(NamedTuple):
    """Ends of the interval (nan if no draw was defined) and the number of undefined draws left out."""

    low: float
    high: float
    undefined: int


def bootstrap_intervals(
    truth: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    groups: npt.ArrayLike,
    statistic: Callable[[npt.NDArray[Any], npt.NDArray[Any]], float],
    *,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> BootstrapInterval:
    """Percentile interval of any statistic; each draw takes whole groups with replacement.

    Percentile intervals are too narrow for few groups; with fewer than two there is none (nan). Draws where
    the statistic is nan are left out and counted: the interval then holds for the others only.

    Args:
        truth: Shape (n, ...).
        probabilities: Shape (n, ...).
        groups: The subject of each row, shape (n,).
        statistic: Takes truth and probabilities of a draw; nan where undefined.
        level: Between 0 and 1.
        draws: 1 or more.
        seed: Of PCG64.

    Raises:
        UsageError: The lengths differ, or a setting is out of range.

    >>> truth, taken = np.repeat([1, 0], 50), np.ones(100)
    >>> bootstrap_intervals(truth, taken, np.arange(100), lambda t, p: (t == p).mean(), seed=1)
    BootstrapInterval(low=0.4, high=0.6, undefined=0)
    """
    labels, table, names = np.asarray(truth), np.asarray(probabilities), np.asarray(groups)
    if not len(labels) == len(table) == len(names):
        raise UsageError(
            f"bootstrap_intervals: found {len(labels)}, {len(table)} and {len(names)} rows, "
            "expected as many; pass a truth, probabilities and a subject for each"
        )
    rows = np.arange(len(labels))
    values = []
    for block in draw_weights(names, draws=draws, seed=seed):
        for counts in block.astype(np.int64):
            taken = np.repeat(rows, counts)
            values.append(statistic(labels[taken], table[taken]))
    return percentile_interval(np.array(values, dtype=np.float64), level=level, draws=draws)


def draw_weights(groups: npt.ArrayLike, *, draws: int, seed: int) -> Iterator[FloatArray]:
    """How often each row counts in each draw, as blocks (d, n) of `draws` rows together.

    Each draw takes as many groups as there are, with replacement, and all rows of a group as often as it was
    taken. Nothing comes for fewer than two groups: one subject says nothing of the others.

    Raises:
        UsageError: draws is less than 1.
    """
    if draws < 1:
        raise UsageError(f"bootstrap: draws is {draws}, expected 1 or more; correct that argument")
    _, of_row = np.unique(np.asarray(groups), return_inverse=True)
    size = int(of_row.max(initial=-1)) + 1
    if size < 2:
        return
    random = np.random.Generator(np.random.PCG64(seed))
    step = max(1, CELLS // len(of_row))
    for start in range(0, draws, step):
        block = min(step, draws - start)
        picked = random.integers(size, size=(block, size)) + size * np.arange(block)[:, None]
        counts = np.bincount(picked.reshape(-1), minlength=block * size).reshape(block, size)
        yield counts[:, of_row].astype(np.float64)


def percentile_interval(values: FloatArray, *, level: float, draws: int) -> BootstrapInterval:
    """The middle `level` of the defined values, shape (d,); d is `draws`, or 0 where nothing was drawn.

    Raises:
        UsageError: level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise UsageError(f"bootstrap: level is {level}, expected between 0 and 1; correct that argument")
    defined = values[~np.isnan(values)]
    if not len(defined):
        return BootstrapInterval(float("nan"), float("nan"), draws)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return BootstrapInterval(float(low), float(high), draws - len(defined))
