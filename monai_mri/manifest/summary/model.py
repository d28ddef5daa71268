"""A cohort's summary as data: what the text, the CSV, the JSON and the page are made from."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Literal

Masked = Literal["small", "hidden"]  # below the bound; or hidden since it would tell one that is
Count = int | Masked  # masked only by `mask_cohort`
Unit = Literal["subjects", "scans"]


@dataclass(frozen=True)
class Group:
    """A part, or the rows with one value of a column; the last group of a cohort is everybody."""

    name: str
    subjects: Count
    scans: Count


@dataclass(frozen=True)
class Numbers:
    """A continuous variable in one group, in the column's own unit.

    `n` values are there and `missing` are not. `sd` is the sample's (n - 1), nan for fewer than two values;
    `median` and the quartiles `q1`, `q3` interpolate linearly. All are nan without a value.
    """

    n: Count
    missing: Count
    mean: float = nan
    sd: float = nan
    median: float = nan
    q1: float = nan
    q3: float = nan


@dataclass(frozen=True)
class Histogram:
    """Counts between `edges`, one row a series; a value on an edge is in the bin above it.

    The last bin holds its upper edge, too.
    """

    edges: tuple[float, ...]
    series: tuple[str, ...]
    counts: tuple[tuple[Count, ...], ...]


@dataclass(frozen=True)
class Continuous:
    """A numeric column: its figures in each group and the standardised mean differences.

    `pairs` has one difference a pair of groups, nan where undefined; `smd` is the largest that is defined.
    """

    name: str
    unit: Unit
    numbers: tuple[Numbers, ...]
    histogram: Histogram | None = None
    smd: float = nan
    pairs: tuple[tuple[str, str, float], ...] = ()


@dataclass(frozen=True)
class Categorical:
    """A column of categories: `counts` has one row a level and one column a group; `missing` one a group."""

    name: str
    unit: Unit
    levels: tuple[str, ...]
    counts: tuple[tuple[Count, ...], ...]
    missing: tuple[Count, ...]
    smd: float = nan
    pairs: tuple[tuple[str, str, float], ...] = ()


@dataclass(frozen=True)
class Cross:
    """How often each level of `columns` meets each of `rows`: `counts` is group x row x column.

    A missing value is the level "(missing)".
    """

    row_name: str
    column_name: str
    unit: Unit
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    groups: tuple[str, ...]
    counts: tuple[tuple[tuple[Count, ...], ...], ...]


@dataclass(frozen=True)
class Missingness:
    """Which cells are missing together: each pattern has one truth value a column, and its number of rows.

    The commonest patterns come first; `others` rows have one that is not listed.
    """

    columns: tuple[str, ...]
    patterns: tuple[tuple[tuple[bool, ...], Count], ...]
    others: Count = 0


@dataclass(frozen=True)
class Cohort:
    """What `summarise_manifest` found. `groups` are the parts, then everybody; without parts only everybody.

    `by` is "part" or a column, empty where there is one group only; `missing` counts the empty cells of each
    path column; `min_count` is 0 where nothing was masked.
    """

    name: str
    by: str
    groups: tuple[Group, ...]
    variables: tuple[Continuous | Categorical, ...]
    images: tuple[Categorical, ...]
    missing: tuple[Categorical, ...]
    edges_mm: Histogram | None
    cross: Cross | None
    missingness: Missingness
    notes: tuple[str, ...] = ()
    min_count: int = 0
