"""Which of the classes that classifiers know mean a tumour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monai_mri.engines.members import Member
from monai_mri.errors import ConfigError


@dataclass(frozen=True)
class Positive:
    """Which classes mean a tumour, and which labels of a manifest do.

    Attributes:
        wanted: those of the classes that mean one.
        names: of a slice without and with tumour: the classes' own, joined by "+" where they are several.
        columns: of the wanted classes among a voter's probabilities.
        labels: whether a label of the manifest means a tumour.
    """

    wanted: list[str]
    names: tuple[str, str]
    columns: list[int]
    labels: dict[str, bool]

    @classmethod
    def of(cls, voters: Sequence[Member], positive: str | Sequence[str]) -> Positive:
        """What the voters' weights know.

        Raises:
            ConfigError: they know different classes, or `positive` is none, or all, of them.
        """
        first = voters[0].record
        for one in voters[1:]:
            if one.record.classes != first.classes:
                raise ConfigError(
                    f"weights::{one.name}: know the classes {', '.join(one.record.classes)}, those of "
                    f"{voters[0].name} {', '.join(first.classes)}; name weights of one task"
                )
        wanted = [positive] if isinstance(positive, str) else list(positive)
        negative = [name for name in first.classes if name not in wanted]
        if not wanted or not negative or not set(wanted) <= set(first.classes):
            raise ConfigError(
                f"positive: {', '.join(wanted) or 'nothing'} found, expected one or some, not all, of the "
                f"classes of the weights: {', '.join(first.classes)}"
            )
        groups = dict(zip(first.classes, first.labels or [(name,) for name in first.classes], strict=True))
        return cls(
            wanted=wanted,
            names=("+".join(negative), "+".join(wanted)),
            columns=[list(first.classes).index(name) for name in wanted],
            labels={label: name in wanted for name, group in groups.items() for label in group},
        )
