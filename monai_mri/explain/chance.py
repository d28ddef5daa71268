"""Whether maps find a region better than the same region would be found elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from monai_mri.errors import UsageError
from monai_mri.explain.top import Array, as_map, as_truth, top_weights


class Chance(NamedTuple):
    """A group's share of strongest voxels in the truth, against the truth's shifted copies.

    Attributes:
        n: maps that count; constant ones do not.
        share: of their strongest voxels inside the truth.
        chance: the truth's share of the mask.
        ratio: ``share / chance``.
        p_value: share of the places, the true one included, where the ratio is at least as high.
        places: shifts that were tried, the true place included.
    """

    n: int
    share: float
    chance: float
    ratio: float
    p_value: float
    places: int


def against_chance(
    maps: Sequence[Array], truth: Array, *, mask: Array | None = None, share: float = 0.01, keep: float = 0.5
) -> Chance:
    """Test a group's maps against chance with all shifts of the truth over the grid.

    Neighbouring voxels of a map are alike, and maps of one network look alike, so neither voxels nor
    subjects are independent draws. Both likenesses stay as they are here: the truth as a whole is moved to
    every place of the grid (cyclically), and at each the group's share of strongest voxels in it is divided
    by its share of the mask. Places where less than `keep` of the truth lies in the mask are left out.

    On a null cohort p is to be above 0.05 in 95 of 100 trainings. It can be small in one without error in
    the code: a network has its favourite places even where there is nothing to learn, so compare with
    `randomisation_check` and with other seeds.

    The test is weak where the truth fills much of the mask (no place is far from it): give each region by
    itself. Partly covered places make it slightly too lenient: on 400 maps of smooth noise in the white
    matter at 6 mm, p was at most 0.05 for the brain stem in 7 % and for five regions together in 2 %.

    Args:
        maps: one (I, J, K) a subject, all in one space.
        truth: bool (I, J, K).
        mask: bool (I, J, K), such as the brain; None for the whole grid.
        share: of the mask's voxels that count as strongest.
        keep: share of the truth that must stay in the mask, above 0 and at most 1.

    Returns:
        The group's figures; nan where no map or no truth is left.

    Raises:
        UsageError: no map, or shapes, types or shares do not fit.
        ImageError: a map is not finite.
    """
    if not maps or not 0 < keep <= 1:
        raise UsageError(
            f"against_chance: {len(maps)} maps and keep {keep}, expected at least one and a share above 0 "
            "and at most 1; correct the arguments"
        )
    total, n = np.zeros(np.shape(maps[0])), 0
    for values in maps:
        checked, inner = as_map(values, mask)
        truth = as_truth(truth, checked.shape)
        weights = top_weights(checked, inner, share=share)
        if not np.isnan(weights).any():
            total, n = total + weights, n + 1
    size = int((truth & inner).sum())
    if not n or not size:
        undefined = float("nan")
        return Chance(n, undefined, undefined, undefined, undefined, 0)
    inside = _over_all_shifts(total / total.sum(), truth)
    covered = np.rint(_over_all_shifts(inner.astype(float), truth))
    places = covered >= keep * size
    ratios = inside[places] / (covered[places] / inner.sum())
    true_ratio = float(inside[0, 0, 0] / (size / inner.sum()))
    as_good = int((ratios >= true_ratio * (1 - 1e-9) - 1e-9).sum())
    return Chance(
        n,
        float(inside[0, 0, 0]),
        size / int(inner.sum()),
        true_ratio,
        as_good / int(places.sum()),
        int(places.sum()),
    )


def _over_all_shifts(weights: Array, truth: Array) -> Array:
    """Sum of the weights inside the truth moved cyclically by each (i, j, k); (0, 0, 0) is its place."""
    from scipy import fft

    product = fft.rfftn(weights) * np.conj(fft.rfftn(truth.astype(float)))
    summed: Array = np.maximum(fft.irfftn(product, s=weights.shape), 0)
    return summed
