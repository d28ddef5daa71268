"""How good both stages are together: a tumour slice that the classifiers missed counts with Dice 0."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from monai_mri.engines.pipeline.decision import Decision
from monai_mri.engines.pipeline.masks import Marked
from monai_mri.engines.pipeline.scan import SliceFacts
from monai_mri.metrics import Counts, class_report, dice, jaccard
from monai_mri.metrics.subject_means import subject_means

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
        `tumor_slices`: a `SubjectMean` of Dice and Jaccard over all slices with a tumour, 0 for those
        `missed` that the classifiers took for free of it. `segmented_tumor_slices`: over the
        others alone. `false_slices`: slices without tumour in which something is marked. `subjects`: of all
        slices of a subject together, over the subjects with a tumour; in `false_subjects` of the
        `subjects_without_tumor` something is marked, and `subjects_incomplete` have a slice whose mask is not
        known.
    """
    counts = counts_of(slices, decision, marked)
    if all(one is None for one in counts):
        return None
    places = [place for place, facts in enumerate(slices) if facts.truth_area and counts[place] is not None]
    segmented = [place for place in places if decision.tumor[place]]
    by_subject = _by_subject(slices, counts)
    known = {subject: one for subject, one in by_subject.items() if one is not None}
    whole = {subject: one for subject, one in known.items() if one.tp + one.fn}

    def over(chosen: Sequence[int]) -> dict[str, Any]:
        subjects = [slices[place].subject_id for place in chosen]
        return _overlaps([counts[place] for place in chosen], subjects, draws=draws, seed=seed)

    return {
        "threshold": marked.threshold,
        "tumor_slices": over(places),
        "missed": len(places) - len(segmented),
        "segmented_tumor_slices": over(segmented),
        "false_slices": sum(
            facts.truth_area == 0 and marked.areas.get(n, 0) > 0 for n, facts in enumerate(slices)
        ),
        "subjects": _overlaps(list(whole.values()), list(whole), draws=draws, seed=seed),
        "subjects_without_tumor": len(known) - len(whole),
        "false_subjects": sum(one.fp > 0 for one in known.values() if not one.tp + one.fn),
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
    counts: Sequence[Counts | None], subjects: Sequence[str], *, draws: int, seed: int
) -> dict[str, Any]:
    """Mean of Dice and Jaccard with an interval by subject; what is not known is left out."""
    known = [(one, subject) for one, subject in zip(counts, subjects, strict=True) if one is not None]
    rows = [{name: measure(one) for name, measure in OVERLAPS.items()} for one, _ in known]
    means = subject_means(
        rows, [subject for _, subject in known], names=list(OVERLAPS), draws=draws, seed=seed
    )
    return {name: asdict(mean) for name, mean in means.items()}
