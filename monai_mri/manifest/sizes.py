"""How many parts are asked for, and of which size."""

from __future__ import annotations

from dataclasses import dataclass

from monai_mri.errors import UsageError


@dataclass(frozen=True)
class Sizes:
    """How many parts of which size: shares below 1, counts from 1 on; `test` is None with several folds."""

    folds: int
    repeats: int
    test: float | None
    validation: float


def check_numbers(asked: Sizes) -> Sizes:
    """The sizes with the default share of the test part, 0.2 with one fold.

    Raises:
        UsageError: a number is out of range.
    """
    folds, test, validation = asked.folds, asked.test, asked.validation
    if folds < 1 or asked.repeats < 1:
        found = f"folds {folds}, repeats {asked.repeats}"
        raise UsageError(f"splits: {found}, expected at least 1 of each; choose larger numbers")
    if folds > 1 and test is not None:
        raise UsageError(
            f"splits: test share {test} with {folds} folds, expected one of the two, since each fold is the "
            "test part once; leave out the share"
        )
    share = (0.2 if folds == 1 else None) if test is None else test
    held_out = 1 / folds if share is None else share
    for value in (held_out, validation):
        if value > 1 and not float(value).is_integer():
            raise UsageError(
                f"splits: {value:g} units asked for, expected a share below 1 or a whole number; choose one"
            )
    if not (held_out >= 0 and validation >= 0 and held_out % 1 + validation % 1 < 1):
        raise UsageError(
            f"splits: shares test {held_out:.3g} and validation {validation:.3g}, expected both at least 0 "
            "and a sum below 1, so that something is left to train on; choose smaller shares"
        )
    return Sizes(folds, asked.repeats, share, validation)
