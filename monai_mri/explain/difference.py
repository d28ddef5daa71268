"""Where the maps of two groups differ, with the chance of finding anything at all kept at five per cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from monai_mri.errors import UsageError
from monai_mri.explain.top import Array

FloatArray = npt.NDArray[np.float64]
LEAST_PEOPLE = 4  # of each group, below which 70 relabellings are all there are
LEAST_PERMUTATIONS = 20  # below, no p reaches 0.05
RELABELLINGS = 100  # at once
ROUNDINGS = 4  # steps of the values' own type between values that count as equal
CANCELLED = 1e-12  # share of a sum of squares that is left of it by rounding when the mean is taken off
SAME = 1e-6  # relative; a t that is as large but for rounding
BLOCK = 100_000  # values of one block of relabellings and places: what a processor keeps at hand


@dataclass(frozen=True, eq=False)
class Difference:
    """Two groups' values at each place, compared.

    Attributes:
        t: Welch's t, first group minus second, shape (places,); 0 where neither group varies beyond rounding.
        p: family-wise error corrected, two-sided, of each place, above 0 and at most 1.
        n: people of each group.
        permutations: relabellings that were drawn, the true one included.
    """

    t: FloatArray
    p: FloatArray
    n: tuple[int, int]
    permutations: int

    @property
    def p_any(self) -> float:
        """The least of the corrected p: that of the hypothesis that the groups differ nowhere."""
        return float(self.p.min())


def group_difference(
    values: Array, first: Sequence[bool] | Array, *, permutations: int = 2000, seed: int
) -> Difference:
    """Compare two groups at every place, by permutation of who belongs to which (max-T).

    The largest absolute t over all places is drawn for random relabellings of the people; the corrected p of
    a place is the share of relabellings, the true one included, whose largest absolute t is at least that of
    the place. So the chance that any place falls to 0.05 or below where labels mean nothing is at most 5 %,
    whatever the smoothness of the maps (Westfall and Young 1993; Nichols and Holmes, Human Brain Mapping
    2002).

    People must be exchangeable where labels mean nothing: of maps of a network that was trained on them, or
    of several maps of one person, they are not. That the groups differ at a place says that what the network
    sees there differs, not that its answer depends on it: any function of a small neighbourhood of the
    images differs where the images do.

    A group whose values at a place are equal but for rounding has no variance there: the other group's is
    then the whole error of t, and where neither varies t is 0. Rounding is that of the type of `values`. A
    bar shows the progress where standard error is a terminal.

    Args:
        values: (people, places), finite.
        first: of each of the people, whether of the first group.
        permutations: at least 20, or none can reach 0.05.
        seed: of the relabellings.

    Raises:
        UsageError: shapes do not fit, a group has fewer than four people, there are too few permutations, or
            a value is not finite.

    >>> people = np.random.default_rng(0).normal(size=(20, 50))
    >>> people[:10, 7] += 4
    >>> found = group_difference(people, [True] * 10 + [False] * 10, permutations=200, seed=0)
    >>> np.flatnonzero(found.p <= 0.05).tolist()
    [7]
    """
    values, first = np.asarray(values), np.asarray(first, dtype=bool)
    _check(values, first, permutations)
    people = _People.of(values)
    true = people.welch(first[None])[0]
    largest = np.empty(permutations)
    largest[0] = np.abs(true).max()
    rng = np.random.default_rng(seed)
    with tqdm(total=permutations, desc="relabelling", disable=None, leave=False) as bar:
        bar.update()
        for start in range(1, permutations, RELABELLINGS):
            count = min(RELABELLINGS, permutations - start)
            drawn = np.stack([rng.permutation(first) for _ in range(count)])
            largest[start : start + count] = people.largest(drawn)
            bar.update(count)
    ranked = np.sort(largest)
    below = np.searchsorted(ranked, np.abs(true) * (1 - SAME), side="left")
    return Difference(
        true, (permutations - below) / permutations, (int(first.sum()), int((~first).sum())), permutations
    )


@dataclass(frozen=True, eq=False)
class _People:
    """Values less their mean, (people, places), and the square of each place's rounding, (places,)."""

    centred: FloatArray
    rounding: FloatArray

    @classmethod
    def of(cls, values: Array) -> _People:
        exact = values.astype(np.float64)
        kind = values.dtype if np.issubdtype(values.dtype, np.floating) else exact.dtype
        one = ROUNDINGS * float(np.finfo(kind).eps) * np.abs(exact).max(axis=0)
        exact -= exact.mean(axis=0)  # t does not see it, and sums of squares keep their digits
        return cls(exact, one**2)

    def largest(self, groups: npt.NDArray[np.bool_]) -> FloatArray:
        """Largest |t| of each relabelling over all places, block by block so that little memory is held."""
        places = self.centred.shape[1]
        width = max(1, BLOCK // len(groups))
        found = np.zeros(len(groups))
        for start in range(0, places, width):
            part = slice(start, start + width)
            block = _People(self.centred[:, part], self.rounding[part])
            np.maximum(found, np.abs(block.welch(groups)).max(axis=1), out=found)
        return found

    def welch(self, groups: npt.NDArray[np.bool_]) -> FloatArray:
        """T of each relabelling (rows of people, all with as many of the first group) at each place."""
        n = int(groups[0].sum())
        m = groups.shape[1] - n
        squares = self.centred**2
        rows = groups.astype(np.float64)
        one, all_one = rows @ self.centred, rows @ squares
        error = self._squared_error(one, all_one, n)
        error += self._squared_error(one, squares.sum(axis=0) - all_one, m)  # the groups' sums are opposite
        t: FloatArray = np.divide(
            one * (1 / n + 1 / m), np.sqrt(error), out=np.zeros_like(one), where=error > 0
        )
        return t

    def _squared_error(self, total: FloatArray, squares: FloatArray, n: int) -> FloatArray:
        """Of the mean of n people; 0 where their values are equal but for rounding."""
        within = squares - total**2 / n
        varies = within > n * self.rounding + CANCELLED * squares
        return np.where(varies, within, 0) / ((n - 1) * n)


def _check(values: Array, first: npt.NDArray[np.bool_], permutations: int) -> None:
    if values.ndim != 2 or not values.shape[1] or first.shape != values.shape[:1]:
        raise UsageError(
            f"group_difference: values of shape {values.shape} and groups of shape {first.shape}, expected "
            "(people, places) and (people,); give one row a person"
        )
    groups = int(first.sum()), int((~first).sum())
    if min(groups) < LEAST_PEOPLE:
        raise UsageError(
            f"group_difference: {groups[0]} and {groups[1]} people, expected at least {LEAST_PEOPLE} of each "
            "group; explain more images"
        )
    if permutations < LEAST_PERMUTATIONS:
        raise UsageError(
            f"group_difference: {permutations} permutations, expected at least {LEAST_PERMUTATIONS}; below, "
            "no p reaches 0.05"
        )
    if not np.isfinite(values).all():
        raise UsageError("group_difference: a value is not finite, expected numbers; check the maps")
