"""Deal units into parts: by fold like cards, by share like a quota, each stratum in proportion.

Units stand in an order drawn from SHA-256 of seed and id, sorted by stratum. Folds take every n-th,
as scikit-learn's StratifiedKFold allots samples; a share takes from each stratum its proportion,
rounded up or down (largest remainder). Hence sizes are within one unit of the target, the result does
not depend on the order of the units, and it is the same on every platform and with every version of a
library.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from monai_mri.errors import ManifestError
from monai_mri.manifest.schema import Part
from monai_mri.manifest.strata import Stratum

Parts = dict[str, Part]


def deal_shares(
    strata: Mapping[str, Stratum], *, test: float, validation: float, fixed: Mapping[str, Part], seed: str
) -> Parts:
    """The part of every unit when shares are held out; `fixed` units are added as they are.

    `strata` maps the units to deal to their stratum. A share above 0 has at least one unit, unless
    `fixed` gives that part one. From 1 on it is a count.
    """
    members = _ordered(strata, seed=seed)
    tested = _quota(members, part_size(test, len(strata), fixed, "test"))
    rest = {key: [unit for unit in units if unit not in tested] for key, units in members.items()}
    validated = _quota(rest, part_size(validation, len(strata), fixed, "validation"))
    return _parts(dict.fromkeys(sorted([*strata, *fixed]), "train"), tested, validated, fixed)


def deal_folds(
    strata: Mapping[str, Stratum], *, folds: int, validation: float, fixed: Mapping[str, Part], seed: str
) -> list[Parts]:
    """The part of every unit in each fold of a cross-validation: the fold is the test part.

    Validation units are drawn from the next fold first, so that they differ between folds.

    Raises:
        ManifestError: there are fewer units than folds (E602).
    """
    if len(strata) < folds:
        raise ManifestError(
            f"splits: {len(strata)} subjects for {folds} folds, expected at least {folds}; "
            f"ask for at most {len(strata)} folds [E602]"
        )
    members = _ordered(strata, seed=seed)
    ordered = [unit for units in members.values() for unit in units]
    training: Parts = dict.fromkeys(sorted([*strata, *fixed]), "train")
    size = part_size(validation, len(strata), fixed, "validation")
    dealt = []
    for fold in range(folds):
        others: dict[Stratum, list[str]] = {}
        start = 0
        for stratum, units in members.items():
            own = [units[(fold + step - start) % folds :: folds] for step in range(1, folds)]
            others[stratum] = [unit for other in own for unit in other]
            start += len(units)
        dealt.append(_parts(training, ordered[fold::folds], _quota(others, size), fixed))
    return dealt


def deal_balanced(
    classes: Mapping[str, str],
    strata: Mapping[str, Stratum],
    *,
    seed: str,
    deal: Callable[[Mapping[str, Stratum]], list[Parts]],
) -> list[Parts]:
    """Parts with as many units of each class: `deal` is called for each class with as many units.

    All but the size of the smallest class are `unused`, in every fold the same units, left out in proportion
    to the strata. `classes` and `strata` have the same units.
    """
    members: dict[str, dict[str, Stratum]] = defaultdict(dict)
    for unit, name in classes.items():
        members[name][unit] = strata[unit]
    fewest = min(map(len, members.values()), default=0)
    unused: Parts = dict.fromkeys(sorted(classes), "unused")
    dealt: list[Parts] = []
    for name in sorted(members):
        kept = _quota(_ordered(members[name], seed=seed), fewest)
        ours = deal({unit: stratum for unit, stratum in members[name].items() if unit in kept})
        dealt = dealt or [dict(unused) for _ in ours]
        for parts, more in zip(dealt, ours, strict=True):
            parts.update(more)
    return dealt


def part_size(share: float, units: int, fixed: Mapping[str, Part], part: Part) -> int:
    """How many units a share of `units` is; from 1 on the share is a count."""
    if share >= 1:
        return int(share)
    needed = 1 if share > 0 and part not in fixed.values() else 0
    return max(needed, math.floor(share * units + 0.5))


def _parts(
    training: Parts, tested: Iterable[str], validated: Iterable[str], fixed: Mapping[str, Part]
) -> Parts:
    parts = dict(training)
    parts.update(dict.fromkeys(validated, "validation"))
    parts.update(dict.fromkeys(tested, "test"))
    parts.update(fixed)
    return parts


def _quota(members: Mapping[Stratum, Sequence[str]], size: int) -> set[str]:
    """The first units of each stratum, `size` in all: of each its proportion, rounded up or down."""
    members = {stratum: units for stratum, units in members.items() if units}
    total = sum(map(len, members.values()))
    size = min(size, total)
    exact = {stratum: size * len(found) / total for stratum, found in members.items()}
    quota = {stratum: math.floor(wanted) for stratum, wanted in exact.items()}
    # A stratum that would be left out is rounded up first, if it can also leave one behind.
    unseen = {stratum for stratum, found in members.items() if quota[stratum] == 0 and len(found) > 1}
    by_need = sorted(members, key=lambda key: (key not in unseen, quota[key] - exact[key], key))
    for stratum in by_need[: size - sum(quota.values())]:
        quota[stratum] += 1
    return {unit for stratum, found in members.items() for unit in found[: quota[stratum]]}


def _ordered(strata: Mapping[str, Stratum], *, seed: str) -> dict[Stratum, list[str]]:
    """The units of each stratum, in an order that looks random and is the same everywhere."""
    members: dict[Stratum, list[str]] = defaultdict(list)
    for unit, stratum in strata.items():
        members[stratum].append(unit)
    digest = {unit: hashlib.sha256(f"{seed}/{unit}".encode()).digest() for unit in strata}
    return {stratum: sorted(members[stratum], key=digest.__getitem__) for stratum in sorted(members)}
