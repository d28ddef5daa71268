"""What a fault is: how to make it, and what a check must say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from faulty_cohort import Cohort

Concerned = set[str]
Depth = Literal["table", "header", "voxels"]
Kind = Literal["volumes", "pictures", "split volumes"]


@dataclass(frozen=True)
class Case:
    """One fault of the catalogue.

    `apply(cohort, subject)` spoils the cohort and returns the subjects of whom the finding may speak; None
    stands for `subject`, the empty set for the table as a whole. `depth` is the shallowest check that must
    see it. `code` is empty for what looks odd and is correct. `also` are codes that may come with it, `why`
    says why. `bounded` faults are checked for time and memory, too. `parsed` is False where the fault leaves
    no table to check. `big` faults take seconds to make.
    """

    code: str
    apply: Callable[[Cohort, str], Concerned | None]
    depth: Depth
    kind: Kind = "volumes"
    also: tuple[str, ...] = ()
    why: str = ""
    bounded: bool = False
    parsed: bool = True
    big: bool = False

    @property
    def is_error(self) -> bool:
        """Whether the check must end with exit code 1."""
        return self.code.startswith("E")
