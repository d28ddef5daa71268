"""What the two-stage pipeline did, as `summary.json` and as lines for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monai_mri.engines.console import say
from monai_mri.engines.durable import write_text_durably
from monai_mri.engines.pipeline.decision import Decision
from monai_mri.engines.pipeline.masks import Marked
from monai_mri.engines.pipeline.scan import Scan
from monai_mri.engines.pipeline.scores import classification_scores, segmentation_scores_of
from monai_mri.engines.pipeline.tables import printed_classes, printed_overlap
from monai_mri.engines.run_folder import plain, surroundings


def summarise(
    scan: Scan,
    decision: Decision,
    marked: Mapping[str, Marked],
    facts: Mapping[str, Any],
    folder: Path,
    *,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """Write `summary.json`; returns it as written.

    Args:
        scan: the images.
        decision: what the voters said.
        marked: what each segmenter marked.
        facts: about the networks and settings.
        folder: where to write.
        draws: bootstrap draws of subjects.
        seed: seed of the draws.
    """
    slices = scan.slices
    scores = {
        name: segmentation_scores_of(slices, decision, one, draws=draws, seed=seed)
        for name, one in marked.items()
    }
    summary: dict[str, Any] = plain(
        {
            **facts,
            **surroundings(),
            "thresholds": {name: one.threshold for name, one in marked.items()},
            "images": len(scan.images),
            "subjects": len({facts.subject_id for facts in scan.images}),
            "slices": len(slices),
            "slices_with_tumor": int(decision.tumor.sum()),
            "slices_disputed": int(decision.disputed.sum()),
            "ties": decision.ties,
            "left_out": scan.faults,
            "label_and_mask_differ": scan.contradictions,
            "classification": classification_scores(
                slices, decision, tuple(facts["classes"]), draws=draws, seed=seed
            ),
            "segmentation": {name: found for name, found in scores.items() if found is not None} or None,
        }
    )
    write_text_durably(folder / "summary.json", json.dumps(summary, indent=1, allow_nan=False) + "\n")
    return summary


def announce(summary: Mapping[str, Any], out: Path) -> None:
    """Say what was found, how good it is where that is known, and what to be careful about."""
    for fault in summary["left_out"]:
        say(f"left out: {fault}")
    if (found := summary["classification"]) is not None:
        for line in printed_classes(found["report"]):
            say(line)
        outcomes = ", ".join(f"{name} {count}" for name, count in found["outcomes"].items())
        say(f"decided by {summary['decided_by']}: {outcomes}")
    for name, overlap in (summary["segmentation"] or {}).items():
        for line in printed_overlap(name, overlap):
            say(line)
    if differ := summary["label_and_mask_differ"]:
        say(f"warning: label and mask of {len(differ)} pictures differ, first {differ[0]}; the label counts")
    if known := summary["trained_subjects"]:
        counts = ", ".join(f"{name} {count}" for name, count in known.items())
        say(
            f"warning: some of the {summary['subjects']} subjects were trained on or selected on ({counts}); "
            "figures about them are no test and may be far too good"
        )
    say(
        f"{summary['slices_with_tumor']} of {summary['slices']} slices of {summary['images']} images show a "
        f"tumour; the voters do not agree on {summary['slices_disputed']}; masks of {summary['mask_of']}, "
        f"tables and pictures in {out}"
    )
