"""One line a method over the subjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from monai_mri.explain.scores import MapScore
from monai_mri.metrics.intervals import wilson_interval


class MethodRow(NamedTuple):
    """One method over all subjects.

    Attributes:
        method: its name.
        n: maps where the pointing game and the share of the strongest voxels are both defined; all that
            follows is over them.
        undefined: the other maps, such as constant ones.
        hits: of `n`.
        hit_rate: ``hits / n``; nan without any.
        hit_low: lower end of Wilson's 95 % interval.
        hit_high: upper end.
        hit_chance: mean share of the mask that counts as a hit.
        top_share: mean share of the strongest voxels that lie in the truth.
        chance: mean share of the mask that the truth is.
        ratio: ``top_share / chance``.
    """

    method: str
    n: int
    undefined: int
    hits: int
    hit_rate: float
    hit_low: float
    hit_high: float
    hit_chance: float
    top_share: float
    chance: float
    ratio: float


def summarise_maps(scores: Sequence[MapScore]) -> list[MethodRow]:
    """Pointing-game hits and top share of each method, in the order in which methods first appear.

    The interval treats subjects as independent. Their maps come from one network, which tends to look at
    the same place in everyone, so it says how sure the rate is for this network, not for another training.
    """
    methods = dict.fromkeys(score.method for score in scores)
    return [_row(method, [score for score in scores if score.method == method]) for method in methods]


def _row(method: str, scores: Sequence[MapScore]) -> MethodRow:
    defined = [score for score in scores if score.hit is not None and np.isfinite(score.top.share)]
    hits = sum(bool(score.hit) for score in defined)
    low, high = wilson_interval(hits, len(defined))
    share = _mean([score.top.share for score in defined])
    chance = _mean([score.top.chance for score in defined])
    return MethodRow(
        method=method,
        n=len(defined),
        undefined=len(scores) - len(defined),
        hits=hits,
        hit_rate=hits / len(defined) if defined else float("nan"),
        hit_low=low,
        hit_high=high,
        hit_chance=_mean([score.hit_chance for score in defined]),
        top_share=share,
        chance=chance,
        ratio=share / chance if chance else float("nan"),
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
