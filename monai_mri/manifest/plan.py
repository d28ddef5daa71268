"""What is to be dealt into which parts, repeat by repeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest.dealing import Parts, deal_balanced, deal_folds, deal_shares, part_size
from monai_mri.manifest.schema import Part
from monai_mri.manifest.sizes import Sizes
from monai_mri.manifest.strata import Stratum

MOST_ENTRIES = 50_000_000  # units times folds times repeats; more would not fit in a usual machine's memory


@dataclass(frozen=True)
class Plan:
    """Units to deal with their stratum, and the units whose part is fixed.

    `classes` is empty, or the value of each unit of which every part has as many. `held` is the units to
    test on in each named fold; `names` is empty unless a column's values are left out one by one.
    """

    sizes: Sizes
    strata: Mapping[str, Stratum]
    classes: Mapping[str, str]
    assigned: Mapping[str, Part]
    held: Sequence[Mapping[str, Part]] = ()
    names: Sequence[str] = ()

    def wanted(self) -> list[str]:
        """The parts that must not be empty."""
        test = 1.0 if self.held or self.sizes.test is None else self.sizes.test
        validation = 1.0 if self.sizes.validation is None else self.sizes.validation
        sizes = {"train": 1.0, "validation": validation, "test": test}
        return [part for part, size in sizes.items() if size > 0]


def deal(plan: Plan, *, seed: int, repeat: int) -> list[Parts]:
    """The part of every unit in each fold of one repeat."""
    own = f"{seed}/{repeat}"
    if plan.sizes.rotate == "validation":
        fixed = {**plan.assigned, **(plan.held[0] if plan.held else {})}
        return _rotate_validation(plan, fixed, seed=own, first=f"{seed}/0")
    if not plan.held:
        return _deal(plan, plan.assigned, seed=own)
    seeds = [f"{own}/{name}" for name in plan.names] or [own]
    return [
        parts
        for held, own in zip(plan.held, seeds, strict=True)
        for parts in _deal(plan, {**plan.assigned, **held}, seed=own)
    ]


def check_room(plan: Plan) -> None:
    """Make sure that the counts asked for are there, and can be the same of each class.

    Raises:
        ManifestError: too few units, or the result would not fit in memory.
        UsageError: a count is no multiple of the number of classes.
    """
    sizes, units = plan.sizes, len(plan.strata)
    entries = units * sizes.repeats * max(sizes.folds, len(plan.held))
    if entries > MOST_ENTRIES:
        found = f"{entries} entries, one a unit, fold and repeat"
        raise ManifestError(f"splits: {found}, expected at most {MOST_ENTRIES}; ask for fewer folds")
    classes = len(set(plan.classes.values())) or 1
    for share in _counts(sizes):
        if share % classes:
            low = share - share % classes
            raise UsageError(
                f"splits: {share:g} units of {classes} classes, expected a multiple of {classes} where they "
                f"are balanced; ask for {low or classes:g} or {low + classes:g}"
            )
    for held in plan.held or [{}]:
        _check_counts(plan, {**plan.assigned, **held})


def _counts(sizes: Sizes) -> list[float]:
    return [share for share in (sizes.test or 0, sizes.validation or 0) if share >= 1]


def _check_counts(plan: Plan, fixed: Mapping[str, Part]) -> None:
    """Refuse counts that leave no unit to train on."""
    sizes, free = plan.sizes, len(plan.strata) - len(fixed)
    tested = -(-free // sizes.folds) if sizes.test is None else part_size(sizes.test, free, fixed, "test")
    if sizes.validation is None:
        validated = -(-(free - tested) // sizes.folds)
    else:
        validated = part_size(sizes.validation, free, fixed, "validation")
    least = 0 if "train" in fixed.values() else 1
    if _counts(sizes) and tested + validated + least > free:
        raise ManifestError(
            f"splits: {tested} units to test on and {validated} to validate on out of {free}, expected "
            "fewer, so that something is left to train on; choose smaller numbers"
        )


def _deal(plan: Plan, fixed: Mapping[str, Part], *, seed: str) -> list[Parts]:
    free = {unit: stratum for unit, stratum in plan.strata.items() if unit not in fixed}
    if not plan.classes:
        return _dealer(plan.sizes, 1, fixed, seed)(free)
    classes = {unit: plan.classes[unit] for unit in free}
    dealt = deal_balanced(
        classes, free, seed=seed, deal=_dealer(plan.sizes, len(set(classes.values())), {}, seed)
    )
    tested = deal_balanced(
        {unit: plan.classes[unit] for unit in fixed},
        {unit: plan.strata[unit] for unit in fixed},
        seed=seed,
        deal=lambda kept: [dict.fromkeys(kept, "test")],
    )
    held: Parts = tested[0] if tested else {}
    return [dict(sorted({**parts, **held}.items())) for parts in dealt]


def _rotate_validation(plan: Plan, fixed: Mapping[str, Part], *, seed: str, first: str) -> list[Parts]:
    """Folds that are each the validation part once, beside a test part drawn by the seed `first`."""
    once = replace(plan, sizes=replace(plan.sizes, folds=1, validation=0.0, rotate="test"))
    held = next(iter(_deal(once, fixed, seed=first)), {})
    rest = {unit: plan.strata[unit] for unit, part in held.items() if part == "train" and unit not in fixed}

    def in_folds(strata: Mapping[str, Stratum]) -> list[Parts]:
        return deal_folds(strata, folds=plan.sizes.folds, validation=0, fixed={}, seed=seed)

    if plan.classes and rest:
        classes = {unit: plan.classes[unit] for unit in rest}
        dealt = deal_balanced(classes, rest, seed=seed, deal=in_folds)
    else:
        dealt = in_folds(rest)
    return [{**held, **{unit: _validated(part) for unit, part in fold.items()}} for fold in dealt]


def _validated(part: Part) -> Part:
    return "validation" if part == "test" else part


def _dealer(
    sizes: Sizes, classes: int, fixed: Mapping[str, Part], seed: str
) -> Callable[[Mapping[str, Stratum]], list[Parts]]:
    """What deals the units of one of so many classes; a count is divided among the classes."""

    def one(share: float) -> float:
        return share / classes if share >= 1 else share

    def deal_class(strata: Mapping[str, Stratum]) -> list[Parts]:
        validation = one(sizes.validation or 0.0)
        if sizes.test is None:
            return deal_folds(strata, folds=sizes.folds, validation=validation, fixed=fixed, seed=seed)
        return [deal_shares(strata, test=one(sizes.test), validation=validation, fixed=fixed, seed=seed)]

    return deal_class
