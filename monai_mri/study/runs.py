"""One run of a study: its folder, its record there, and how far it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monai_mri.files import write_whole
from monai_mri.study.design import Design

RECORD = "study_run.json"
LOG = "log.txt"
LOCK = ".lock"
SUMMARY = "evaluation/summary.json"
RESULTS = (SUMMARY, "history.csv")  # what tables are made of
WEIGHTS = "model.safetensors"

Kind = Literal["to do", "begun", "failed", "done"]


@dataclass(frozen=True)
class Run:
    """One variant at one repeat and fold of the splits, both counted from 0, and its folder."""

    variant: str
    repeat: int
    fold: int
    folder: Path
    several_folds: bool = False

    @property
    def name(self) -> str:
        """What a person reads: variant and repeat, and the fold where there are several."""
        return f"{self.variant} repeat {self.repeat}" + (f" fold {self.fold}" if self.several_folds else "")

    @property
    def log(self) -> Path:
        """What the run printed."""
        return self.folder / LOG


class Record(BaseModel):
    """`study_run.json` in a run's folder: which run it is, and how it ended.

    `results` holds the SHA-256 of each file that tables are made of, as they were when the run ended.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    variant: str
    repeat: int
    fold: int
    identity: str
    error: str | None = None
    seconds: float | None = None
    results: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """How far a run is, and where it failed why."""

    kind: Kind
    why: str = ""
    foreign: bool = False


def runs_of(design: Design, output: Path, variants: Iterable[str] | None = None) -> Iterator[Run]:
    """The runs of a design: variant by variant, repeat by repeat, fold by fold."""
    for variant in design.variants if variants is None else variants:
        for repeat in range(design.repeats):
            for fold in range(design.folds):
                folder = Path(output) / variant / f"repeat-{repeat}_fold-{fold}"
                yield Run(variant, repeat, fold, folder, several_folds=design.folds > 1)


def state_of(run: Run, identity: str) -> State:
    """How far a run is, told from its folder alone; `identity` is the design's."""
    if not run.folder.is_dir() or not any(path.name != LOCK for path in run.folder.iterdir()):
        return State("to do")
    record = read_record(run)
    if record is None:
        return _foreign("holds files that this study did not write")
    if record.identity != identity:
        return _foreign("holds a run with other settings or data, or of another place")
    if record.error is not None:
        return State("failed", record.error)
    weights = weights_sha256(run.folder / WEIGHTS)
    if record.results and weights is None:
        return _foreign(f"{WEIGHTS} is gone or damaged since the run ended")
    if not record.results or not (run.folder / SUMMARY).is_file():
        return State("begun")
    if changed := [name for name, digest in record.results.items() if _sha256(run.folder / name) != digest]:
        return _foreign(f"{changed[0]} was changed after the run had ended")
    if (summary_of(run) or {}).get("weights_sha256") != weights:
        return _foreign(f"{WEIGHTS} is not what evaluation/summary.json scored")
    return State("done")


def _foreign(what: str) -> State:
    return State("failed", f"{what}; move that folder away to run it anew", foreign=True)


def read_record(run: Run) -> Record | None:
    """The record in a run's folder; None where there is none that can be read."""
    try:
        return Record.model_validate_json((run.folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        return None


def write_record(run: Run, record: Record) -> None:
    """Write a run's record, whole or not at all."""
    write_whole(run.folder / RECORD, (json.dumps(record.model_dump(), indent=1) + "\n").encode())


def results_of(run: Run) -> dict[str, str]:
    """SHA-256 of each file of results that is there."""
    return {name: _sha256(run.folder / name) for name in RESULTS if (run.folder / name).is_file()}


def summary_of(run: Run) -> dict[str, Any] | None:
    """The run's evaluation/summary.json; None where it is missing or damaged."""
    try:
        content = json.loads((run.folder / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def weights_sha256(path: Path) -> str | None:
    """What a weights file says of its tensors, without loading them; None where it cannot be read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            record = json.loads((file.metadata() or {}).get("monai_mri", "{}"))
    except (SafetensorError, OSError, ValueError):
        return None
    found = record.get("tensors_sha256")
    return str(found) if found else None


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
