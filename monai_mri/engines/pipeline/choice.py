"""Which slices are worth a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from monai_mri.engines.pipeline.decision import Decision
from monai_mri.engines.pipeline.scan import SliceFacts


@dataclass(frozen=True)
class Chosen:
    """Numbers of the slices that are drawn, in the order in which they are."""

    missed: list[int]
    false: list[int]
    marked: list[int]
    unsure: list[int]


def choose_slices_to_draw(slices: Sequence[SliceFacts], decision: Decision, *, at_most: int) -> Chosen:
    """The plainest mistakes, tumours of as many subjects as possible, and what the voters dispute.

    Args:
        slices: all slices.
        decision: what was said of them.
        at_most: of each kind.
    """
    places = range(len(slices))
    disputed: list[int] = np.flatnonzero(decision.disputed).tolist()
    missed = [n for n in places if slices[n].tumor is True and not decision.tumor[n]]
    false = [n for n in places if slices[n].tumor is False and decision.tumor[n]]
    found = [n for n in places if decision.tumor[n]]
    if known := [n for n in found if slices[n].truth_area]:
        found = known
    largest = sorted(found, key=lambda n: (-(slices[n].truth_area or 0), -decision.mean[n]))
    return Chosen(
        missed=sorted(missed, key=lambda n: -(slices[n].truth_area or 0))[:at_most],
        false=sorted(false, key=lambda n: -decision.mean[n])[:at_most],
        marked=_spread(slices, largest, at_most=at_most),
        unsure=sorted(disputed, key=lambda n: abs(decision.mean[n] - 0.5))[:at_most],
    )


def _spread(slices: Sequence[SliceFacts], ordered: Iterable[int], *, at_most: int) -> list[int]:
    """The first of each subject, then the second of each, …; `at_most`, in the order of the slices."""
    turns: dict[str, int] = {}
    ranked = []
    for place in ordered:
        subject = slices[place].subject_id
        turns[subject] = turns.get(subject, 0) + 1
        ranked.append((turns[subject], place))
    first = sorted(ranked, key=lambda one: one[0])
    subjects = [place for turn, place in first if turn == 1]
    if len(subjects) > at_most:
        evenly = np.linspace(0, len(subjects) - 1, at_most).round().astype(int)
        return sorted(subjects[n] for n in evenly)
    return sorted(place for _, place in first[:at_most])
