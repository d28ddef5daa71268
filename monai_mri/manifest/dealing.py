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
from collections.abc import Mapping, Sequence

from monai_mri.errors import ManifestError
from monai_mri.manifest.schema import Part

Stratum = tuple[str, ...]


def deal_shares(
    strata: Mapping[str, Stratum], *, test: float, validation: float, fixed: Mapping[str, Part], seed: str
) -> dict[str, Part]:
    """The part of every unit when shares are held out; `fixed` units are added as they are.

    `strata` maps the units to deal to their stratum. A share above 0 has at least one unit, unless
    `fixed` gives that part one.
    """
    ordered = _ordered(strata, seed=seed)
    tested = _quota(ordered, strata, _size(test, len(strata), fixed, "test"))
    rest = [unit for unit in ordered if unit not in tested]
    validated = _quota(rest, strata, _size(validation, len(strata), fixed, "validation"))
    return _parts(sorted([*strata, *fixed]), tested, validated, fixed)


def deal_folds(
    strata: Mapping[str, Stratum], *, folds: int, validation: float, fixed: Mapping[str, Part], seed: str
) -> list[dict[str, Part]]:
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
    units = sorted([*strata, *fixed])
    ordered = _ordered(strata, seed=seed)
    size = _size(validation, len(strata), fixed, "validation")
    dealt = []
    for fold in range(folds):
        tested, *others = (ordered[(fold + step) % folds :: folds] for step in range(folds))
        validated = _quota([unit for other in others for unit in other], strata, size)
        dealt.append(_parts(units, set(tested), validated, fixed))
    return dealt


def _parts(
    units: Sequence[str], tested: set[str], validated: set[str], fixed: Mapping[str, Part]
) -> dict[str, Part]:
    parts: dict[str, Part] = {
        unit: "test" if unit in tested else "validation" if unit in validated else "train" for unit in units
    }
    return {**parts, **fixed}


def _size(share: float, units: int, fixed: Mapping[str, Part], part: Part) -> int:
    needed = 1 if share > 0 and part not in fixed.values() else 0
    return max(needed, math.floor(share * units + 0.5))


def _quota(units: Sequence[str], strata: Mapping[str, Stratum], size: int) -> set[str]:
    """The first units of each stratum, `size` in all: of each its proportion, rounded up or down."""
    members: dict[Stratum, list[str]] = defaultdict(list)
    for unit in units:
        members[strata[unit]].append(unit)
    size = min(size, len(units))
    exact = {stratum: size * len(found) / len(units) for stratum, found in members.items()}
    quota = {stratum: math.floor(wanted) for stratum, wanted in exact.items()}
    # A stratum that would be left out is rounded up first, if it can also leave one behind.
    unseen = {stratum for stratum, found in members.items() if quota[stratum] == 0 and len(found) > 1}
    by_need = sorted(members, key=lambda key: (key not in unseen, quota[key] - exact[key], key))
    for stratum in by_need[: size - sum(quota.values())]:
        quota[stratum] += 1
    return {unit for stratum, found in members.items() for unit in found[: quota[stratum]]}


def _ordered(strata: Mapping[str, Stratum], *, seed: str) -> list[str]:
    """Units by stratum, within it in an order that looks random and is the same everywhere."""
    return sorted(strata, key=lambda unit: (strata[unit], hashlib.sha256(f"{seed}/{unit}".encode()).digest()))
