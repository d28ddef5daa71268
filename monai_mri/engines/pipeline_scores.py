"""How good both stages are together: a tumour slice that the classifiers missed counts with Dice 0."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.engines.pipeline_decision import Decision
from monai_mri.engines.pipeline_masks import Marked
from monai_mri.engines.pipeline_scan import SliceFacts
from monai_mri.metrics import Counts, bootstrap_intervals, class_report, dice, jaccard
from monai_mri.metrics.class_summary import FEWEST_SUBJECTS

OUTCOMES = {(True, True): "TP", (False, True): "FP", (True, False): "FN", (False, False): "TN"}
OVERLAPS: dict[str, Callable[[Counts], float]] = {"dice": dice, "jaccard": jaccard}


def counts_of(slices: Sequence[SliceFacts], decision: Decision, marked: Marked) -> list[Counts | None]:
    """Pixels hit, false and missed in each slice, all missed where it was not segmented; None if unknown."""
    found: list[Counts | None] = []
    for place, facts in enumerate(slices):
        if decision.tumor[place]:
            found.append(marked.counts.get(place))
        else:
            found.append(None if facts.truth_area is None else Counts(fn=facts.truth_area))
    return found


def outcome(facts: SliceFacts, *, tumor: bool) -> str:
    """TP, FP, FN or TN; empty where the truth is not known."""
    return "" if facts.tumor is None else OUTCOMES[facts.tumor, bool(tumor)]


def classification_scores(
    slices: Sequence[SliceFacts], decision: Decision, names: tuple[str, str], *, draws: int, seed: int
) -> dict[str, Any] | None:
    """The table of each voter, the vote and the mean, and the outcomes of the decision; None without truth.

    Args:
        slices: those whose truth is not known are left out.
        decision: what was said of them.
        names: of a slice without and with tumour.
        draws: bootstrap draws of subjects.
        seed: seed of the draws.
    """
    places = [place for place, facts in enumerate(slices) if facts.tumor is not None]
    if not places:
        return None
    truth = [names[bool(slices[place].tumor)] for place in places]
    groups = [slices[place].subject_id for place in places]
    said = dict(zip(decision.names, decision.said, strict=True))
    said |= {"vote": decision.vote, "mean": decision.mean > 0.5}
    found = [outcome(slices[place], tumor=decision.tumor[place]) for place in places]
    return {
        "slices": len(places),
        "outcomes": {name: found.count(name) for name in ("TP", "FP", "FN", "TN")},
        "report": {
            name: class_report(
                truth,
                [names[int(one)] for one in answers[places]],
                classes=names,
                groups=groups,
                draws=draws,
                seed=seed,
            )
            for name, answers in said.items()
        },
    }


def segmentation_scores_of(
    slices: Sequence[SliceFacts], decision: Decision, marked: Marked, *, draws: int, seed: int
) -> dict[str, Any] | None:
    """Overlap of the whole pipeline by slice and by subject; None where no true mask is known.

    Returns:
        `tumor_slices`: mean, SD, interval by subject and n of Dice and Jaccard over all slices with a tumour,
        0 for those `missed` that the classifiers took for free of it. `segmented_tumor_slices`: over the
        others alone. `false_slices`: slices without tumour in which something is marked. `subjects`: of all
        slices of a subject together, mean and SD over the subjects with a tumour; in `false_subjects` of the
        `subjects_without_tumor` something is marked, and `subjects_incomplete` have a slice whose mask is not
        known.
    """
    counts = counts_of(slices, decision, marked)
    if all(one is None for one in counts):
        return None
    places = [place for place, facts in enumerate(slices) if facts.truth_area and counts[place] is not None]
    segmented = [place for place in places if decision.tumor[place]]
    by_subject = _by_subject(slices, counts)
    known = [one for one in by_subject.values() if one is not None]
    whole = [one for one in known if one.tp + one.fn]
    return {
        "threshold": marked.threshold,
        "tumor_slices": _overlaps(slices, counts, places, draws=draws, seed=seed),
        "missed": len(places) - len(segmented),
        "segmented_tumor_slices": _overlaps(slices, counts, segmented, draws=draws, seed=seed),
        "false_slices": sum(
            facts.truth_area == 0 and marked.areas.get(n, 0) > 0 for n, facts in enumerate(slices)
        ),
        "subjects": {name: _spread([measure(one) for one in whole]) for name, measure in OVERLAPS.items()},
        "subjects_without_tumor": len(known) - len(whole),
        "false_subjects": sum(one.fp > 0 for one in known if not one.tp + one.fn),
        "subjects_incomplete": len(by_subject) - len(known),
    }


def _by_subject(slices: Sequence[SliceFacts], counts: Sequence[Counts | None]) -> dict[str, Counts | None]:
    """The counts of all slices of each subject together; None where one of them is not known."""
    grouped: dict[str, list[Counts | None]] = defaultdict(list)
    for facts, one in zip(slices, counts, strict=True):
        grouped[facts.subject_id].append(one)
    return {
        subject: None if None in several else sum((one for one in several if one is not None), Counts())
        for subject, several in grouped.items()
    }


def _overlaps(
    slices: Sequence[SliceFacts],
    counts: Sequence[Counts | None],
    places: Sequence[int],
    *,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    groups = [slices[place].subject_id for place in places]
    found = {}
    for name, measure in OVERLAPS.items():
        values = np.array([measure(one) for place in places if (one := counts[place]) is not None])
        found[name] = _spread(values) | _interval(values, groups, draws=draws, seed=seed)
    return found


def _spread(values: npt.ArrayLike) -> dict[str, Any]:
    """Mean and sample SD of the values that are defined."""
    found = np.asarray(values, dtype=np.float64)
    found = found[~np.isnan(found)]
    return {
        "mean": float(found.mean()) if len(found) else float("nan"),
        "sd": float(found.std(ddof=1)) if len(found) > 1 else float("nan"),
        "n": len(found),
    }


def _interval(
    values: npt.NDArray[np.float64], groups: Sequence[str], *, draws: int, seed: int
) -> dict[str, float]:
    """Ends of the mean's interval over draws of subjects; nan for fewer than five, which say too little."""
    if len(set(groups)) < FEWEST_SUBJECTS:
        return {"low": float("nan"), "high": float("nan")}
    found = bootstrap_intervals(
        values, values, groups, lambda drawn, _: float(drawn.mean()), draws=draws, seed=seed
    )
    return {"low": found.low, "high": found.high}
