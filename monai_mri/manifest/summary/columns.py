"""Columns of a manifest as variables: numbers or categories, of a person or of a scan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, log10

from monai_mri.manifest.summary.model import Histogram, Unit

DISTINCT = 10  # a numeric column with more values is continuous, with fewer it is a code
MOST_BINS = 15
_MISSING = {"", "n/a", "nan"}
_NUMBER = re.compile(r"\s*[+-]?(\d{1,30}\.?\d{0,30}|\.\d{1,30})([eE][+-]?\d{1,2})?\s*")
_COMMA = re.compile(r"\s*[+-]?\d{1,30},\d{1,30}\s*")
_AGE = re.compile(r"age(?![a-z])", re.IGNORECASE)
_SEX = re.compile(r"(sex|gender)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """The cells of one column, missing ones empty, and how they are counted.

    `varies` counts the subjects with more than one value; `strange` the cells that are no numbers in
    a column of ages, which count as missing; `commas` the numbers with a decimal comma, which `cells` have
    with a point.
    """

    name: str
    cells: tuple[str, ...]
    numeric: bool
    unit: Unit
    varies: int = 0
    strange: int = 0
    commas: int = 0

    def items(self, subjects: Sequence[str], rows: Iterable[int]) -> list[str]:
        """The cells to count among `rows`: each, or of each subject the first that is not missing."""
        if self.unit == "scans":
            return [self.cells[row] for row in rows]
        first: dict[str, str] = {}
        for row in rows:
            if not first.get(subjects[row]):
                first[subjects[row]] = self.cells[row]
        return list(first.values())


def read_column(name: str, cells: Sequence[str], subjects: Sequence[str]) -> Column:
    """A manifest's column as a variable.

    Numeric is a column of ages, and one whose filled cells are all numbers of more than ten values, with a
    decimal point or comma. Age and sex are a person's, counted once a subject; any other column is a person's
    unless it varies within one.

    >>> column = read_column("sex", ["F", "F", "n/a"], ["a", "a", "b"])
    >>> column.items(["a", "a", "b"], range(3)), column.unit
    (['F', ''], 'subjects')
    """
    filled = ["" if is_missing(cell) else cell.strip() for cell in cells]
    pointed = [cell.replace(",", ".") if _COMMA.fullmatch(cell) else cell for cell in filled]
    numbers = {cell for cell in pointed if cell and _NUMBER.fullmatch(cell)}
    others = {cell for cell in pointed if cell} - numbers
    is_age = bool(_AGE.match(name)) and bool(numbers)
    numeric = is_age or (len(numbers) > DISTINCT and not others)
    commas = sum(new != old for new, old in zip(pointed, filled, strict=True)) if numeric else 0
    filled = pointed if numeric else filled
    strange = sum(cell in others for cell in filled) if numeric else 0
    if strange:
        filled = ["" if cell in others else cell for cell in filled]
    varies = _varies(filled, subjects)
    unit: Unit = "scans" if varies and not is_person_level(name) else "subjects"
    return Column(name, tuple(filled), numeric, unit, varies, strange, commas)


def is_missing(cell: str) -> bool:
    """Whether a cell says nothing: it is empty, or n/a or nan in any case.

    >>> is_missing(" N/A"), is_missing("NA")
    (True, False)
    """
    return cell.strip().lower() in _MISSING


def is_person_level(name: str) -> bool:
    """Whether a column's name says that it is age or sex.

    >>> is_person_level("age_years"), is_person_level("Sex"), is_person_level("agent")
    (True, True, False)
    """
    return bool(_AGE.match(name) or _SEX.match(name))


def histogram(values: Sequence[Sequence[float]], series: Sequence[str]) -> Histogram | None:
    """Counts of several series on the same round edges, at most 15 bins; None without a value.

    >>> histogram([[20.0, 29.0, 44.0], [30.0]], ["train", "test"]).edges[:3]
    (20.0, 22.0, 24.0)
    """
    import numpy as np

    found = [value for group in values for value in group]
    if not found:
        return None
    edges = _round_edges(min(found), max(found))
    counts = [np.histogram(group, bins=edges)[0] if group else np.zeros(len(edges) - 1) for group in values]
    return Histogram(
        tuple(edges), tuple(series), tuple(tuple(int(count) for count in group) for group in counts)
    )


def _varies(cells: Sequence[str], subjects: Sequence[str]) -> int:
    first: dict[str, str] = {}
    return len(
        {
            subject
            for subject, cell in zip(subjects, cells, strict=True)
            if cell and first.setdefault(subject, cell) != cell
        }
    )


def _round_edges(lowest: float, highest: float) -> list[float]:
    """Edges at round numbers, such as 20, 25, 30."""
    span = highest - lowest
    size = max(abs(lowest), abs(highest)) or 1.0
    width = span / MOST_BINS if span > 1e-9 * size else size / 10  # else rounding would make edges equal
    power = 10.0 ** floor(log10(width))
    for step in (power * factor for factor in (1, 2, 5, 10, 20)):
        first = floor(lowest / step + 1e-9)
        bins = max(1, round(-((first * step - highest) // step)))
        if bins <= MOST_BINS:
            break
    edges = [(first + number) * step for number in range(bins + 1)]
    return [min(edges[0], lowest), *edges[1:-1], max(edges[-1], highest)]  # where rounding was a hair off
