"""A run folder, read into types: what was trained, and how it went."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

from pydantic import Field

from monai_mri.errors import DataError
from monai_mri.report.records import Count, Figure, Record, read_json, read_rows, validate

OTHER_WEIGHTS = (
    "The evaluation is of other weights than those that lie in this folder. Evaluate again, or read its "
    "scores as those of the weights that its command names."
)

__all__ = ["OTHER_WEIGHTS", "Epoch", "Part", "RunFolder", "RunRecord", "read_run_folder"]


class Part(Record):
    """How much data stood in one part of the split."""

    subjects: Count = None
    images: Count = None
    samples: Count = None


class RunRecord(Record):
    """`run.json`: what was trained, on what, with what."""

    study: str = ""
    protocol: str = ""
    seed: int | None = None
    network: str = ""
    parameters: Count = None
    filters: Any = None
    filters_note: str | None = None
    device: str = ""
    versions: dict[str, str | None] = Field(default_factory=dict)
    manifest_sha256: str | None = None
    splits_sha256: str | None = None
    parts: dict[str, Part] = Field(default_factory=dict)
    started: str | float | None = None
    seconds: Figure = nan
    peak_memory_mb: Figure = nan
    epochs: int | None = None
    best_epoch: int | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    commands: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)


class Epoch(Record):
    """One line of `history.csv`; which figures of the validation are there depends on the study."""

    epoch: int
    train_loss: Figure = nan
    val_f1: Figure = nan
    val_threshold: Figure = nan
    val_loss: Figure = nan
    val_dice: Figure = nan
    val_accuracy: Figure = nan
    val_balanced_accuracy: Figure = nan
    learning_rate: Figure = nan
    seconds: Figure = nan


class _Evaluation(Record):
    """What every `evaluation/summary.json` may say of itself."""

    kind: str = ""
    weights_sha256: str | None = None


@dataclass(frozen=True)
class RunFolder:
    """What a training left behind; `kind` is what the evaluation says it scored, empty where it does not."""

    path: Path
    run: RunRecord
    history: list[Epoch]
    kind: str = ""

    def resolve(self, path: str) -> Path:
        """Place of a file that a summary names relative to the run folder, or absolutely."""
        return self.path / path


def read_run_folder(path: Path) -> RunFolder:
    """Read the output folder of a training run.

    Only `run.json` must be there; the history is empty where no epoch has ended. Where the evaluation is of
    other weights than the folder's, as after a new training, the run's notes say so.

    Raises:
        DataError: the folder holds no `run.json`, or one of its files cannot be understood.
    """
    if not path.is_dir():
        raise DataError(
            f"{path}: no such folder, expected the output folder of a training run; correct the path"
        )
    run = read_json(path / "run.json", RunRecord)
    if run is None:
        raise DataError(
            f"{path}: holds no run.json, expected the output folder of a training run; "
            "pass the folder that the training wrote"
        )
    evaluation = read_json(path / "evaluation" / "summary.json", _Evaluation)
    scored, there = (evaluation and evaluation.weights_sha256), _weights_sha256(path / "model.safetensors")
    if scored and there and scored != there:
        run = run.model_copy(update={"notes": [*run.notes, OTHER_WEIGHTS]})
    return RunFolder(
        path=path,
        run=run,
        history=[validate(Epoch, row, path / "history.csv") for row in read_rows(path / "history.csv")],
        kind=evaluation.kind if evaluation is not None else "",
    )


def _weights_sha256(path: Path) -> str | None:
    """What a weights file says of its tensors, without loading them; None where it cannot be read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            record = json.loads((file.metadata() or {}).get("monai_mri", "{}"))
    except (SafetensorError, OSError, ValueError):
        return None
    return str(record.get("tensors_sha256") or "") or None
