"""How well a map finds a region that is known to matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError
from monai_mri.explain.top import Array, BoolArray, as_map, as_truth, top_weights


class TopShare(NamedTuple):
    """Share of the strongest voxels inside the truth.

    Attributes:
        voxels: strongest voxels, `share` of the mask.
        inside: of them inside the truth; a fraction where voxels are tied at the threshold.
        share: ``inside / voxels``; nan for a constant map.
        chance: the truth's share of the mask, what any map without relation to it has on average.
        ratio: ``share / chance``; nan where the truth has no voxel in the mask.
    """

    voxels: int
    inside: float
    share: float
    chance: float
    ratio: float


class MapScore(NamedTuple):
    """Scores of one map.

    Attributes:
        method: that made it.
        hit: of the pointing game; None where undefined.
        hit_chance: share of the mask where the pointing game counts a hit.
        top: share of the strongest voxels.
    """

    method: str
    hit: bool | None
    hit_chance: float
    top: TopShare


def pointing_game_hit(
    values: Array,
    truth: Array,
    *,
    mask: Array | None = None,
    tolerance_mm: float = 0.0,
    spacing_mm: Sequence[float] = (1.0, 1.0, 1.0),
) -> bool | None:
    """Whether a map's maximum lies in the truth (pointing game; Zhang et al., ECCV 2016).

    Args:
        values: the map, (I, J, K).
        truth: bool (I, J, K).
        mask: bool (I, J, K) to look for the maximum in; None for everywhere.
        tolerance_mm: how far from the truth still counts. A map from cells of 2 voxels cannot be better
            than a voxel; the paper allowed 15 pixels.
        spacing_mm: voxel size along I, J, K.

    Returns:
        True or False; where several voxels share the maximum, whether most of them hit. None where the map
        is constant or the truth is empty.

    Raises:
        UsageError: shapes or types do not fit, or a length in mm is out of range.
        ImageError: the map is not finite.
    """
    values, inner = as_map(values, mask)
    near = _near(as_truth(truth, values.shape), tolerance_mm, spacing_mm)
    found = values[inner]
    if found.max() == found.min() or not near.any():
        return None
    return bool(near[inner][found == found.max()].mean() > 0.5)


def top_share(values: Array, truth: Array, *, share: float = 0.01, mask: Array | None = None) -> TopShare:
    """Share of a map's strongest voxels that lie in the truth, beside what chance gives.

    No p-value stands here: voxels of a smooth map are not independent, so a hypergeometric test of them
    would call almost anything significant. `against_chance` shifts the truth instead.

    Args:
        values: the map, (I, J, K).
        truth: bool (I, J, K).
        share: of the mask's voxels that count as strongest.
        mask: bool (I, J, K), such as the brain; None for the whole grid, which flatters a map that has
            only found the brain.

    Raises:
        UsageError: shapes or types do not fit, or `share` is out of range.
        ImageError: the map is not finite.

    >>> ramp = np.arange(100.0).reshape(4, 5, 5)
    >>> top_share(ramp, ramp >= 95, share=0.1)
    TopShare(voxels=10, inside=5.0, share=0.5, chance=0.05, ratio=10.0)
    """
    values, inner = as_map(values, mask)
    truth = as_truth(truth, values.shape) & inner
    weights = top_weights(values, inner, share=share)
    voxels = max(1, round(share * int(inner.sum())))
    inside = float(weights[truth].sum()) if not np.isnan(weights).any() else float("nan")
    chance = int(truth.sum()) / int(inner.sum())
    ratio = inside / voxels / chance if chance else float("nan")
    return TopShare(voxels, inside, inside / voxels, chance, ratio)


def score_map(
    method: str,
    values: Array,
    truth: Array,
    *,
    mask: Array | None = None,
    share: float = 0.01,
    tolerance_mm: float = 0.0,
    spacing_mm: Sequence[float] = (1.0, 1.0, 1.0),
) -> MapScore:
    """`pointing_game_hit` and `top_share` of one map, for `summarise_maps`."""
    values, inner = as_map(values, mask)
    hit = pointing_game_hit(values, truth, mask=inner, tolerance_mm=tolerance_mm, spacing_mm=spacing_mm)
    near = _near(as_truth(truth, values.shape), tolerance_mm, spacing_mm)
    return MapScore(method, hit, float(near[inner].mean()), top_share(values, truth, share=share, mask=inner))


def _near(truth: BoolArray, tolerance_mm: float, spacing_mm: Sequence[float]) -> npt.NDArray[Any]:
    """The truth, grown by the tolerance."""
    if tolerance_mm < 0 or len(spacing_mm) != 3 or min(spacing_mm) <= 0:
        raise UsageError(
            f"pointing_game_hit: tolerance_mm {tolerance_mm} and spacing_mm {tuple(spacing_mm)}, "
            "expected at least 0 and three lengths above 0; correct them"
        )
    if not truth.any() or tolerance_mm == 0:
        return truth
    import edt

    distance_mm = edt.edt(~truth, anisotropy=tuple(spacing_mm), black_border=False, parallel=1)
    return np.asarray(distance_mm <= tolerance_mm)
