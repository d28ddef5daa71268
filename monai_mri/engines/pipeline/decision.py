"""Whether a slice shows a tumour, as several classifiers decide it together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monai_mri.errors import ConfigError
from monai_mri.metrics import majority_vote

By = Literal["vote", "mean"]
WAYS: tuple[By, ...] = ("vote", "mean")


@dataclass(frozen=True, eq=False)
class Decision:
    """What the voters say of each of n slices.

    Attributes:
        names: of the V voters.
        chances: each voter's probability of a tumour, (V, n).
        votes: voters that say tumour, (n,).
        vote: whether most of them do, (n,); a tie goes as the mean probability does.
        mean: mean of the chances, (n,).
        tumor: what is decided, (n,).
        ties: slices where as many said tumour as not.
    """

    names: list[str]
    chances: NDArray[np.float64]
    votes: NDArray[np.int64]
    vote: NDArray[np.bool_]
    mean: NDArray[np.float64]
    tumor: NDArray[np.bool_]
    ties: int

    @property
    def said(self) -> NDArray[np.bool_]:
        """Whether each voter says tumour, (V, n)."""
        return self.chances > 0.5

    @property
    def disputed(self) -> NDArray[np.bool_]:
        """Where the voters do not agree, (n,)."""
        return (self.votes > 0) & (self.votes < len(self.names))


def decide_slices(names: Sequence[str], chances: NDArray[np.float64], *, by: By) -> Decision:
    """Decide for each slice; a voter says tumour where that is more probable than not.

    Args:
        names: of the V voters.
        chances: each voter's probability of a tumour, (V, n), 0 to 1.
        by: "vote" for the majority, "mean" for the mean probability above one half.

    Raises:
        ConfigError: `by` is neither.
    """
    if by not in WAYS:
        raise ConfigError(f"decide: {by!r} found, expected one of {', '.join(WAYS)}; correct it")
    found = majority_vote(np.stack([1 - chances, chances], axis=2))
    vote, mean = found.places == 1, chances.mean(axis=0)
    return Decision(
        names=list(names),
        chances=chances,
        votes=found.votes[:, 1],
        vote=vote,
        mean=mean,
        tumor=vote if by == "vote" else mean > 0.5,
        ties=int(found.tied.sum()),
    )
