"""The line of each slice, and the lines for people, of the two-stage pipeline."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from monai_mri.engines.pipeline.decision import Decision
from monai_mri.engines.pipeline.masks import Marked
from monai_mri.engines.pipeline.scan import Scan
from monai_mri.engines.pipeline.scores import OVERLAPS, counts_of, outcome
from monai_mri.metrics import Counts, report_lines

TITLES = {"vote": "majority vote", "mean": "mean probability"}


def slices_table(scan: Scan, decision: Decision, marked: Mapping[str, Marked], names: tuple[str, str]) -> str:
    """CSV, a line a slice; what is not known or not defined is an empty cell.

    sample_id, subject_id, image, slice_index; p_<voter> of a tumour, votes for one, vote, mean_p, decision;
    area_<segmenter> in pixels, 0 where the slice was not segmented; truth, outcome; dice_<segmenter> and
    jaccard_<segmenter>, 0 where a tumour was missed.

    Args:
        scan: the slices.
        decision: what the voters say of them.
        marked: what each segmenter marked.
        names: of a slice without and with tumour.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_header(decision, marked))
    counts = {name: counts_of(scan.slices, decision, one) for name, one in marked.items()}
    for place, facts in enumerate(scan.slices):
        about = [facts.sample_id, facts.subject_id, str(scan.images[facts.image].path), facts.slice_index]
        chances = [f"{chance:.6f}" for chance in decision.chances[:, place]]
        said = [names[int(decision.vote[place])], f"{decision.mean[place]:.6f}"]
        areas = [str(one.areas.get(place, 0)) for one in marked.values()]
        truth = "" if facts.tumor is None else names[int(facts.tumor)]
        overlaps = [cell for several in counts.values() for cell in _overlap_cells(several[place])]
        writer.writerow(
            [
                *about,
                *chances,
                str(decision.votes[place]),
                *said,
                names[int(decision.tumor[place])],
                *areas,
                truth,
                outcome(facts, tumor=decision.tumor[place]),
                *overlaps,
            ]
        )
    return text.getvalue()


def printed_classes(report: Mapping[str, Any]) -> list[str]:
    """The table of each voter, the vote and the mean."""
    return [line for name, one in report.items() for line in report_lines(TITLES.get(name, name), one)]


def printed_overlap(name: str, found: Mapping[str, Any]) -> Iterable[str]:
    """What one segmenter reaches behind the classifiers."""
    every, seen = found["tumor_slices"]["dice"], found["segmented_tumor_slices"]["dice"]
    missed = f"{found['missed']} of {every['n']} missed by the classifiers and counted as 0"
    yield f"{name}: Dice {_spread(every)} over the slices with a tumour, {missed}"
    yield f"{name}: Dice {_spread(seen)} over the {seen['n']} that were segmented"
    whole = found["subjects"]["dice"]
    yield f"{name}: Dice {_spread(whole)} over {whole['n']} subjects with a tumour, all slices together"
    yield (
        f"{name}: something is marked in {found['false_slices']} slices without a tumour, and in "
        f"{found['false_subjects']} of {found['subjects_without_tumor']} subjects without one"
    )


def _header(decision: Decision, marked: Mapping[str, Marked]) -> Sequence[str]:
    return [
        *("sample_id", "subject_id", "image", "slice_index"),
        *(f"p_{name}" for name in decision.names),
        *("votes", "vote", "mean_p", "decision"),
        *(f"area_{name}" for name in marked),
        *("truth", "outcome"),
        *(f"{measure}_{name}" for name in marked for measure in OVERLAPS),
    ]


def _overlap_cells(counts: Counts | None) -> list[str]:
    values = [float("nan") if counts is None else measure(counts) for measure in OVERLAPS.values()]
    return ["" if np.isnan(value) else f"{value:.6f}" for value in values]


def _spread(score: Mapping[str, Any]) -> str:
    """Mean ± SD [interval], as far as they are defined."""
    if score["value"] is None or np.isnan(score["value"]):
        return "undefined"
    sd = score["sd"]
    spread = "" if sd is None or np.isnan(sd) else f" ± {sd:.3f}"
    low, high = score.get("low"), score.get("high")
    between = "" if low is None or high is None or np.isnan(low) else f" [{low:.3f}, {high:.3f}]"
    return f"{score['value']:.3f}{spread}{between}"
