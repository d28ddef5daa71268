"""Count one column over groups: figures of a continuous one, levels of a categorical one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import nan

from monai_mri.manifest.summary.columns import Column, histogram
from monai_mri.manifest.summary.differences import (
    categorical_difference,
    continuous_difference,
    largest,
    pairwise,
)
from monai_mri.manifest.summary.model import Categorical, Continuous, Numbers

MOST_LEVELS = 30  # of a column, the commonest first; the rest is one level

Groups = Mapping[str, Sequence[int]]  # the rows of each group, everybody last


def tally(column: Column, subjects: Sequence[str], groups: Groups) -> Continuous | Categorical:
    """A column counted in each group, as what it is."""
    items = {name: column.items(subjects, rows) for name, rows in groups.items()}
    return _continuous(column, items) if column.numeric else categorical(column, items)


def categorical(
    column: Column, items: Mapping[str, Sequence[str]], *, most: int = MOST_LEVELS
) -> Categorical:
    """The levels in each group's cells; an empty cell is missing, the rarest beyond `most` levels are one."""
    counters = {name: Counter(cells) for name, cells in items.items()}
    everybody = list(counters.values())[-1]
    missing = tuple(counter.pop("", 0) for counter in counters.values())
    pairs = pairwise({name: counters[name] for name in list(counters)[:-1]}, categorical_difference)
    levels = sorted(set().union(*counters.values()))
    rare = sorted(levels, key=lambda level: -everybody[level])[most:]
    kept = [level for level in levels if level not in set(rare)]
    counts = [tuple(counter[level] for counter in counters.values()) for level in kept]
    if rare:
        kept.append(f"({len(rare)} others)")
        counts.append(tuple(sum(counter[level] for level in rare) for counter in counters.values()))
    return Categorical(column.name, column.unit, tuple(kept), tuple(counts), missing, largest(pairs), pairs)


def _continuous(column: Column, items: Mapping[str, Sequence[str]]) -> Continuous:
    values = {name: [float(cell) for cell in cells if cell] for name, cells in items.items()}
    parts = {name: values[name] for name in list(values)[:-1]}
    pairs = pairwise(parts, continuous_difference)
    return Continuous(
        column.name,
        column.unit,
        tuple(_numbers(values[name], missing=list(items[name]).count("")) for name in values),
        histogram(list(parts.values()) or list(values.values()), list(parts) or list(values)),
        largest(pairs),
        pairs,
    )


def _numbers(values: Sequence[float], *, missing: int) -> Numbers:
    import numpy as np

    if not values:
        return Numbers(0, missing)
    q1, median, q3 = (float(value) for value in np.percentile(values, (25, 50, 75)))
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else nan
    return Numbers(len(values), missing, float(np.mean(values)), sd, median, q1, q3)
