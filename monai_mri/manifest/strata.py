"""The stratum of each unit: its value or values in each column to stratify by, numbers as quantile bins."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest.core import Manifest
from monai_mri.manifest.units import refuse_column

Stratum = tuple[str, ...]
MISSING = "missing"
SET = "set"


@dataclass(frozen=True)
class Stratifier:
    """A column to stratify by. With `bins` its cells are numbers, cut at quantiles of the units.

    Where a unit has several values, its most frequent one counts; with `every` all that it has, as a set.
    """

    column: str
    bins: int | None = None
    every: bool = False


def stratifier(manifest: Manifest, text: str) -> Stratifier:
    """What `COLUMN`, `COLUMN:BINS` or `COLUMN:set` asks for.

    Raises:
        UsageError: no such column, or fewer than two bins.
    """
    column, colon, bins = text.rpartition(":")
    if text in manifest.table:
        return Stratifier(text)
    if not colon:
        refuse_column(manifest, text, purpose="to stratify by")
    if column not in manifest.table:
        refuse_column(manifest, column, purpose="to stratify by")
    if bins == SET:
        return Stratifier(column, every=True)
    if not (bins.isdecimal() and int(bins) >= 2):
        found = f"{bins!r} bins of {column}"
        raise UsageError(f"splits: {found}, expected a whole number from 2 on, or {SET}; write {column}:4")
    return Stratifier(column, int(bins))


def strata_of_units(
    manifest: Manifest, keys: Sequence[str], stratifiers: Sequence[Stratifier], *, apart: Collection[str] = ()
) -> dict[str, Stratum]:
    """The stratum of each unit, units in alphabetical order.

    `keys` is the unit of each row. Units `apart`, which are not dealt, do not shift the quantiles. A unit
    with several values counts as its most frequent one, of equals the first in the alphabet; of numbers it is
    the median. Missing numbers are a stratum of their own. A stratifier of `every` value counts them all: a
    unit of rows with "tumor" and "no_tumor" is "no_tumor + tumor", without regard to how many rows have each.

    Raises:
        UsageError: a column is nearly unique, or one to bin holds text.
    """
    units = sorted(set(keys))
    columns = []
    for one in stratifiers:
        if one.bins is None:
            values = (_every_value if one.every else most_frequent)(manifest, keys, one.column)
            _refuse_unique(
                manifest, one.column, {unit: value for unit, value in values.items() if unit not in apart}
            )
        else:
            values = _binned(manifest, keys, one.column, one.bins, apart=apart)
        columns.append([values[unit] for unit in units])
    return {unit: tuple(column[index] for column in columns) for index, unit in enumerate(units)}


def classes_of_units(manifest: Manifest, keys: Sequence[str], column: str) -> dict[str, str]:
    """The class of each unit, to have equally many of each; units in alphabetical order.

    Raises:
        UsageError: no such column, or it is nearly unique.
        ManifestError: it is empty for some units.
    """
    if column not in manifest.table:
        refuse_column(manifest, column, purpose="to balance")
    values = most_frequent(manifest, keys, column)
    _refuse_unique(manifest, column, values)
    if empty := sum(not value for value in values.values()):
        raise ManifestError(
            f"{manifest.path}: {column} of {empty} units is empty, expected a class of each to balance by; "
            "fill that column, or leave those rows out"
        )
    return {unit: values[unit] for unit in sorted(values)}


def most_frequent(manifest: Manifest, keys: Sequence[str], column: str) -> dict[str, str]:
    """The value of each unit in a column: its most frequent one, of equals the first in the alphabet."""
    return {
        unit: cells[0] if len(cells) == 1 else _mode(cells)
        for unit, cells in _cells(manifest, keys, column).items()
    }


def values_of(manifest: Manifest, keys: Sequence[str], column: str) -> dict[str, list[str]]:
    """The values that each unit has in a column, in the order of the alphabet; empty cells are none."""
    return {unit: sorted(set(cells) - {""}) for unit, cells in _cells(manifest, keys, column).items()}


def _every_value(manifest: Manifest, keys: Sequence[str], column: str) -> dict[str, str]:
    return {unit: " + ".join(values) for unit, values in values_of(manifest, keys, column).items()}


def _mode(cells: Sequence[str]) -> str:
    counts = Counter(cells)
    return min(counts, key=lambda value: (-counts[value], value))


def _cells(manifest: Manifest, keys: Sequence[str], column: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for unit, cell in zip(keys, manifest.table[column].tolist(), strict=True):
        found.setdefault(unit, []).append(cell)
    return found


def _refuse_unique(manifest: Manifest, column: str, values: Mapping[str, str]) -> None:
    different = len(set(values.values()))
    if different > max(2, len(values) / 3):
        raise UsageError(
            f"{manifest.path}: column {column!r} has {different} values among {len(values)} units, expected "
            f"few, each with several units; do not stratify by it, or cut numbers into bins as in {column}:4"
        )


def _binned(
    manifest: Manifest, keys: Sequence[str], column: str, bins: int, *, apart: Collection[str]
) -> dict[str, str]:
    medians: dict[str, float] = {}
    cells = _cells(manifest, keys, column)
    for unit, texts in cells.items():
        numbers = sorted(filter(math.isfinite, (_number(manifest, column, text) for text in texts)))
        if numbers:
            medians[unit] = numbers[(len(numbers) - 1) // 2]
    ordered = sorted(median for unit, median in medians.items() if unit not in apart)
    edges = [ordered[step * len(ordered) // bins] for step in range(1, bins)] if ordered else []
    width = len(str(bins))
    return {
        unit: f"{bisect_right(edges, medians[unit]):0{width}}" if unit in medians else MISSING
        for unit in cells
    }


def _number(manifest: Manifest, column: str, text: str) -> float:
    try:
        return float(text) if text.strip() else math.nan
    except ValueError:
        raise UsageError(
            f"{manifest.path}: column {column!r} holds text ({text[:20]!r}), expected numbers to cut into "
            f"bins; stratify by {column} without bins, or correct that column"
        ) from None
