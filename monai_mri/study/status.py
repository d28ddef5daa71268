"""How far each run of a study is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai_mri.study.design import require_design
from monai_mri.study.figures import primary_of
from monai_mri.study.protocol import read_protocol
from monai_mri.study.runs import runs_of, state_of, summary_of


@dataclass(frozen=True)
class RunState:
    """One run: `state` is "to do", "begun", "failed" or "done"; `metric` is nan unless it is done.

    `metric_name` is the path of the variant's primary metric in evaluation/summary.json.
    """

    variant: str
    repeat: int
    fold: int
    state: str
    why: str
    metric: float
    metric_name: str


def study_status(bundle: Path, output: Path) -> list[RunState]:
    """Every run that the study in the folder `output` was asked for, and how far it is.

    Raises:
        UsageError: there is no study, or one of another bundle.
        DataError: its `study.json` is damaged.
    """
    design = require_design(Path(output), study=read_protocol(bundle).study)
    found = []
    for run in runs_of(design, Path(output)):
        state = state_of(run, design.identity(run.variant, run.repeat, run.fold))
        done = state.kind == "done"
        name = design.metric_of(run.variant)
        metric = primary_of(summary_of(run) or {}, name) if done else math.nan
        found.append(RunState(run.variant, run.repeat, run.fold, state.kind, state.why, metric, name))
    return found


def status_lines(states: list[RunState]) -> list[str]:
    """The states as a table for a terminal, and how many there are of each.

    Where variants have different primary metrics, its name stands in each line.
    """
    names = {one.metric_name.rpartition(".")[2] for one in states}
    several = len(names) > 1
    head = ["variant", "repeat", "fold", "state", "primary metric" if several else "".join(names), ""]
    rows = [
        [one.variant, str(one.repeat), str(one.fold), one.state, _shown(one, named=several), one.why]
        for one in states
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]
    kinds = [one.state for one in states]
    counts = [f"{kinds.count(kind)} {kind}" for kind in ("done", "begun", "failed", "to do") if kind in kinds]
    return [*lines, f"{len(states)} runs: {', '.join(counts)}"]


def status_json(states: list[RunState]) -> list[dict[str, Any]]:
    """The states as JSON can hold them; an undefined metric is None."""
    return [{**vars(one), "metric": None if math.isnan(one.metric) else one.metric} for one in states]


def _shown(state: RunState, *, named: bool) -> str:
    if state.state != "done":
        return "-"
    value = "undefined" if math.isnan(state.metric) else f"{state.metric:.3f}"
    return f"{state.metric_name.rpartition('.')[2]} {value}" if named else value
