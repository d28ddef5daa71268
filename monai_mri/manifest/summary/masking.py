"""Hide small counts, so that a published table does not point at persons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, nan

from monai_mri.errors import UsageError
from monai_mri.manifest.summary.differences import largest
from monai_mri.manifest.summary.model import (
    Categorical,
    Cohort,
    Continuous,
    Count,
    Cross,
    Group,
    Histogram,
    Missingness,
    Numbers,
)

Lines = list[list[Count]]
Pairs = tuple[tuple[str, str, float], ...]
DIGITS = 4  # of each figure, where counts are masked


def mask_cohort(cohort: Cohort, *, min_count: int) -> Cohort:
    """The cohort with counts of 1 to `min_count` - 1 as "small", and those that would tell them as "hidden".

    A zero stays. Where a single count of a line is masked and the line's total is told, the next smallest
    count of that line is hidden; lines are the levels of a variable and the groups. Means of fewer than
    `min_count` values become nan, and so do their differences and those of groups with a masked level. Other
    figures are rounded to four digits. This stops subtraction within one table;
    it does not stop someone who combines tables of several splits.

    Raises:
        UsageError: `min_count` is below 2.
    """
    if min_count < 2:
        raise UsageError(f"min_count: {min_count}, expected 2 or more; leave it out to mask nothing")
    sizes = mask_small(
        [[group.subjects for group in cohort.groups], [group.scans for group in cohort.groups]],
        min_count,
        columns=False,
    )
    groups = tuple(
        Group(group.name, subjects, scans)
        for group, subjects, scans in zip(cohort.groups, *sizes, strict=True)
    )
    variables = tuple(_variable(variable, groups, min_count) for variable in cohort.variables)
    return replace(
        cohort,
        groups=groups,
        variables=variables,
        images=tuple(_categorical(variable, groups, min_count) for variable in cohort.images),
        missing=tuple(_categorical(variable, groups, min_count) for variable in cohort.missing),
        edges_mm=None if cohort.edges_mm is None else _histogram(cohort.edges_mm, min_count),
        cross=_cross(cohort.cross, variables, min_count),
        missingness=_missingness(cohort.missingness, min_count),
        notes=(
            *cohort.notes,
            f"counts of 1 to {min_count - 1} are masked, and with * those that would tell them",
        ),
        min_count=min_count,
    )


def mask_small(
    lines: Sequence[Sequence[Count]], min_count: int, *, columns: bool = True, total: Sequence[Count] = ()
) -> Lines:
    """A table of counts without the small ones, and never a single masked one in a row or column.

    `total` is the sum of each column where it is told; a column whose total is masked is safe with one masked
    count. With `columns=False` only rows are lines.

    >>> mask_small([[3, 20, 23], [9, 8, 17]], 5)
    [['small', 'hidden', 23], ['hidden', 'hidden', 17]]
    """
    table = [[_small(count, min_count) for count in line] for line in lines]
    while _mask_next(table, columns=columns, total=total):
        pass
    return table


def _small(count: Count, min_count: int) -> Count:
    return "small" if isinstance(count, int) and 0 < count < min_count else count


def _mask_next(table: Lines, *, columns: bool, total: Sequence[Count]) -> bool:
    """Mask one more count in the first line with a single masked one; False where there is none."""
    places = (
        [[(row, column) for column in range(len(table[0]))] for row in range(len(table))] if table else []
    )
    if columns and table:
        places += [
            [(row, column) for row in range(len(table))]
            for column in range(len(table[0]))
            if not total or isinstance(total[column], int)
        ]
    for line in places:
        told = [(count, row, column) for row, column in line if isinstance(count := table[row][column], int)]
        if len(told) == len(line) - 1 and told:
            _, row, column = min(told, key=lambda place: (place[0] == 0, place[0]))
            table[row][column] = "hidden"
            return True
    return False


def _variable(
    variable: Continuous | Categorical, groups: Sequence[Group], min_count: int
) -> Continuous | Categorical:
    if isinstance(variable, Continuous):
        return _continuous(variable, groups, min_count)
    return _categorical(variable, groups, min_count)


def _totals(variable: Continuous | Categorical, groups: Sequence[Group]) -> list[Count]:
    return [group.subjects if variable.unit == "subjects" else group.scans for group in groups]


def _continuous(variable: Continuous, groups: Sequence[Group], min_count: int) -> Continuous:
    counts = [[numbers.n for numbers in variable.numbers], [numbers.missing for numbers in variable.numbers]]
    there, missing = mask_small(counts, min_count, total=_totals(variable, groups))
    (told,) = mask_small(counts[:1], min_count, columns=False)  # means may be told where counts may not
    numbers = tuple(
        _few_digits(replace(found, n=n, missing=gone)) if isinstance(mean, int) else Numbers(n, gone)
        for found, n, gone, mean in zip(variable.numbers, there, missing, told, strict=True)
    )
    hidden = {group.name for group, n in zip(groups, told, strict=True) if not isinstance(n, int)}
    pairs = _without(variable.pairs, hidden)
    return replace(
        variable,
        numbers=numbers,
        histogram=None if variable.histogram is None else _histogram(variable.histogram, min_count),
        pairs=pairs,
        smd=largest(pairs) if isfinite(variable.smd) else nan,
    )


def _few_digits(numbers: Numbers) -> Numbers:
    figures = (numbers.mean, numbers.sd, numbers.median, numbers.q1, numbers.q3)
    return Numbers(numbers.n, numbers.missing, *map(_rounded, figures))


def _categorical(variable: Categorical, groups: Sequence[Group], min_count: int) -> Categorical:
    lines = [*variable.counts, variable.missing]
    *counts, missing = mask_small(lines, min_count, total=_totals(variable, groups))
    hidden = {
        group.name
        for group, *column in zip(groups, *counts, strict=True)
        if not all(isinstance(count, int) for count in column)
    }
    pairs = _without(variable.pairs, hidden)
    return replace(
        variable,
        counts=tuple(map(tuple, counts)),
        missing=tuple(missing),
        pairs=pairs,
        smd=largest(pairs) if isfinite(variable.smd) else nan,
    )


def _without(pairs: Pairs, hidden: set[str]) -> Pairs:
    """Differences of two groups; nan for those with a `hidden` one, since they tell its counts."""
    return tuple(
        (first, second, nan if hidden & {first, second} else _rounded(value))
        for first, second, value in pairs
    )


def _rounded(value: float) -> float:
    """Four digits: from more of them a count can be found by trying.

    >>> _rounded(12.34567), _rounded(0.000123456), _rounded(nan)
    (12.35, 0.0001235, nan)
    """
    return float(f"{value:.{DIGITS}g}")


def _histogram(drawn: Histogram, min_count: int) -> Histogram:
    return replace(drawn, counts=tuple(map(tuple, mask_small(drawn.counts, min_count))))


def _cross(
    cross: Cross | None, variables: Sequence[Continuous | Categorical], min_count: int
) -> Cross | None:
    """The crossed counts where none is small and the table masks neither column; else None, as sums tell."""
    if cross is None:
        return None
    lines = [
        line
        for variable in variables
        if isinstance(variable, Categorical) and variable.name in (cross.row_name, cross.column_name)
        for line in (*variable.counts, variable.missing)
    ]
    lines += [line for table in cross.counts for line in table]
    told = all(isinstance(_small(count, min_count), int) for line in lines for count in line)
    return cross if told else None


def _missingness(found: Missingness, min_count: int) -> Missingness:
    line = [*(count for _, count in found.patterns), found.others]
    (masked,) = mask_small([line], min_count, columns=False)
    patterns = tuple(
        (pattern, count) for (pattern, _), count in zip(found.patterns, masked[:-1], strict=True)
    )
    return replace(found, patterns=patterns, others=masked[-1])
