"""How many parts are asked for, and of which size."""

from __future__ import annotations

from dataclasses import dataclass

from monai_mri.errors import UsageError


@dataclass(frozen=True)
class Sizes:
    """How many parts of which size: shares below 1, counts from 1 on.

    With several folds each is once the part that `rotate` names, whose size is then None.
    """

    folds: int
    repeats: int
    test: float | None
    validation: float | None
    rotate: str = "test"


def check_numbers(asked: Sizes) -> Sizes:
    """The sizes with the default shares: of the part that does not rotate, test 0.2 and validation 0.1.

    Raises:
        UsageError: a number is out of range, or the share of the part that rotates is given.
    """
    folds = asked.folds
    if folds < 1 or asked.repeats < 1:
        found = f"folds {folds}, repeats {asked.repeats}"
        raise UsageError(f"splits: {found}, expected at least 1 of each; choose larger numbers")
    _check_rotation(asked)
    test, validation = asked.test, asked.validation
    if test is None and (folds == 1 or asked.rotate != "test"):
        test = 0.2
    if validation is None and asked.rotate != "validation":
        validation = 0.1
    held_out = 1 / folds if test is None else test
    validated = (1 - held_out % 1) / folds if validation is None else validation
    for value in (held_out, validated):
        if value > 1 and not float(value).is_integer():
            raise UsageError(
                f"splits: {value:g} units asked for, expected a share below 1 or a whole number; choose one"
            )
    if not (held_out >= 0 and validated >= 0 and held_out % 1 + validated % 1 < 1):
        raise UsageError(
            f"splits: shares test {held_out:.3g} and validation {validated:.3g}, expected both at least 0 "
            "and a sum below 1, so that something is left to train on; choose smaller shares"
        )
    return Sizes(folds, asked.repeats, test, validation, asked.rotate)


def _check_rotation(asked: Sizes) -> None:
    """Refuse to rotate an unknown part, or without folds, or one whose share is given."""
    if asked.rotate not in ("test", "validation"):
        raise UsageError(
            f"splits: rotate {asked.rotate!r} asked for, expected test or validation; choose one of those"
        )
    if asked.folds == 1 and asked.rotate != "test":
        raise UsageError(
            f"splits: rotate {asked.rotate} with 1 fold, expected at least 2; ask for more folds, as 5"
        )
    share = {"test": asked.test, "validation": asked.validation}[asked.rotate]
    if asked.folds > 1 and share is not None:
        raise UsageError(
            f"splits: {asked.rotate} share {share} with {asked.folds} folds, expected one of the two, since "
            f"each fold is the {asked.rotate} part once; leave out the share"
        )
