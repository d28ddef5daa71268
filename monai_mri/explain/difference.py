"""Where the maps of two groups differ, with the chance of finding anything at all kept at five per cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError
from monai_mri.explain.top import Array

FloatArray = npt.NDArray[np.float64]
LEAST_PEOPLE = 4  # of each group, below which 70 relabellings are all there are


@dataclass(frozen=True, eq=False)
class Difference:
    """Two groups' values at each place, compared.

    Attributes:
        t: Welch's t, first group minus second, shape (places,); 0 where no value varies.
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

    The largest |t| over all places is drawn for random relabellings of the people; the corrected p of a place
    is the share of relabellings, the true one included, whose largest |t| is at least that of the place. So
    the chance that any place falls to 0.05 or below where labels mean nothing is at most 5 %, whatever the
    smoothness of the maps (Westfall and Young 1993; Nichols and Holmes, Human Brain Mapping 2002).

    People must be exchangeable where labels mean nothing: of maps of a network that was trained on them, or
    of several maps of one person, they are not. That the groups differ at a place says that what the network
    sees there differs, not that its answer depends on it: any function of a small neighbourhood of the
    images differs where the images do.

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
    values, first = np.asarray(values, dtype=np.float64), np.asarray(first, dtype=bool)
    _check(values, first, permutations)
    centred = values - values.mean(axis=0)  # t does not see it, and sums of squares keep their digits
    squares = centred**2
    true = _welch(first[None].astype(float), centred, squares)[0]
    largest = np.empty(permutations)
    largest[0] = np.abs(true).max()
    rng = np.random.default_rng(seed)
    for start in range(1, permutations, 100):
        count = min(100, permutations - start)
        drawn = np.stack([rng.permutation(first) for _ in range(count)]).astype(float)
        largest[start : start + count] = np.abs(_welch(drawn, centred, squares)).max(axis=1)
    ranked = np.sort(largest)
    below = np.searchsorted(ranked, np.abs(true) * (1 - 1e-12), side="left")
    return Difference(
        true, (permutations - below) / permutations, (int(first.sum()), int((~first).sum())), permutations
    )


def _welch(groups: FloatArray, centred: FloatArray, squares: FloatArray) -> FloatArray:
    """T of each relabelling (rows of 0 and 1) at each place, shape (relabellings, places)."""
    n = groups.sum(axis=1, keepdims=True)
    m = groups.shape[1] - n
    one, all_one = groups @ centred, groups @ squares
    other, all_other = -one, squares.sum(axis=0) - all_one
    variance_one = np.maximum(all_one - one**2 / n, 0) / (n - 1) / n
    variance_other = np.maximum(all_other - other**2 / m, 0) / (m - 1) / m
    error = np.sqrt(variance_one + variance_other)
    scale = np.sqrt(squares.mean(axis=0))
    varies = error > 1e-9 * np.maximum(scale, np.finfo(float).tiny)
    t: FloatArray = np.divide(one / n - other / m, error, out=np.zeros_like(error), where=varies)
    return t


def _check(values: FloatArray, first: npt.NDArray[np.bool_], permutations: int) -> None:
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
    if permutations < 20:
        raise UsageError(
            f"group_difference: {permutations} permutations, expected at least 20; below, no p reaches 0.05"
        )
    if not np.isfinite(values).all():
        raise UsageError("group_difference: a value is not finite, expected numbers; check the maps")
