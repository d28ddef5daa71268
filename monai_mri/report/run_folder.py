"""A run folder, read into types: what was trained, how it went, how it scored."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from monai_mri.errors import DataError

__all__ = [
    "Curve",
    "Lesions",
    "Method",
    "Part",
    "PerScan",
    "Pooled",
    "RunFolder",
    "RunRecord",
    "Sample",
    "Summary",
    "Threshold",
    "read_run_folder",
]


def _undefined(value: object) -> object:
    """JSON null and an empty CSV cell are both the undefined figure."""
    return nan if value is None or value == "" else value


def _optional(value: object) -> object:
    return None if value == "" else value


Figure = Annotated[float, BeforeValidator(_undefined)]
Count = Annotated[int | None, BeforeValidator(_optional)]
Figures = list[Figure]


class _Record(BaseModel):
    """Unknown keys are allowed, so that an older page maker reads a newer run."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Part(_Record):
    """How much data stood in one part of the split."""

    subjects: Count = None
    images: Count = None
    samples: Count = None


class RunRecord(_Record):
    """`run.json`: what was trained, on what, with what."""

    study: str = ""
    protocol: str = ""
    seed: int | None = None
    network: str = ""
    parameters: int | None = None
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
    settings: dict[str, Any] = Field(default_factory=dict)
    commands: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)


class Epoch(_Record):
    """One line of `history.csv`."""

    epoch: int
    train_loss: Figure = nan
    val_f1: Figure = nan
    val_threshold: Figure = nan
    learning_rate: Figure = nan
    seconds: Figure = nan


class Curve(_Record):
    """Figures at increasing thresholds; which lists are filled depends on the curve."""

    threshold: Figures = Field(default_factory=list)
    precision: Figures = Field(default_factory=list)
    recall: Figures = Field(default_factory=list)
    f1: Figures = Field(default_factory=list)
    false_per_scan: Figures = Field(default_factory=list)
    sensitivity: Figures = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_one_length(self) -> Curve:
        lengths = {name: len(figures) for name, figures in self if figures}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"lists of one length, found {lengths}")
        return self


class Threshold(_Record):
    """`threshold.json`: the cut on the network's output, and the slices it was chosen on."""

    threshold: Figure = nan
    f1: Figure = nan
    precision: Figure = nan
    recall: Figure = nan
    part: str = "train"
    images: Count = None
    slices: Count = None
    collapsed: bool = False
    curve: Curve = Field(default_factory=Curve)


class Pooled(_Record):
    """Overlap over the voxels of all scans together."""

    precision: Figure = nan
    recall: Figure = nan
    f1: Figure = nan
    dice: Figure = nan
    jaccard: Figure = nan


class PerScan(_Record):
    """A figure averaged over the scans where it is defined."""

    mean: Figure = nan
    sd: Figure = nan
    n: Count = None


class Lesions(_Record):
    """Lesion-wise detection, counts over all scans together."""

    truth: Count = None
    detected: Count = None
    missed: Count = None
    false: Count = None
    merges: Count = None
    splits: Count = None
    precision: Figure = nan
    recall: Figure = nan
    f1: Figure = nan


class Counts(_Record):
    """How many scans stand behind the figures."""

    scans: Count = None
    scored: Count = None
    empty_truth: Count = None
    empty_prediction: Count = None
    undefined_distances: Count = None


class Method(_Record):
    """The network, or a baseline it is compared with."""

    name: str
    label: str = ""
    collapsed: bool = False
    pooled: Pooled = Field(default_factory=Pooled)
    per_scan: dict[str, PerScan] = Field(default_factory=dict)
    lesions: Lesions | None = None
    counts: Counts = Field(default_factory=Counts)


class Sample(_Record):
    """One evaluated image with its mask and what the network made of it."""

    sample_id: str
    subject_id: str = ""
    image: str = ""
    mask: str = ""
    prediction: str = ""
    probability: str = ""
    plane: int | None = None
    f1: Figure = nan


class Summary(_Record):
    """`evaluation/summary.json`."""

    study: str = ""
    protocol: str = ""
    part: str = "test"
    slices: str = ""
    threshold: Figure = nan
    threshold_part: str = ""
    collapsed: bool = False
    trained_subjects_allowed: bool = False
    methods: list[Method] = Field(default_factory=list)
    pr_curve: Curve | None = None
    froc: Curve | None = None
    samples: list[Sample] = Field(default_factory=list)


@dataclass(frozen=True)
class RunFolder:
    """Everything a run left behind; None or empty where a step has not been run."""

    path: Path
    run: RunRecord
    history: list[Epoch]
    threshold: Threshold | None
    summary: Summary | None
    subjects: list[dict[str, str]]

    @property
    def collapsed(self) -> bool:
        """Whether the network's predictions are all background."""
        return any(method.collapsed for method in self.methods if method.name == "network")

    @property
    def methods(self) -> list[Method]:
        """The network and its baselines; collapsed is what the evaluation as a whole says of the network."""
        if self.summary is None:
            return []
        said = {"collapsed": True} if self.summary.collapsed else {}
        return [m.model_copy(update=said if m.name == "network" else {}) for m in self.summary.methods]

    def resolve(self, path: str) -> Path:
        """Place of a file that the summary names relative to the run folder, or absolutely."""
        return self.path / path


R = TypeVar("R", bound=_Record)


def read_run_folder(path: Path) -> RunFolder:
    """Read the output folder of a training run.

    Only `run.json` must be there; the other files are None or empty where their step has not been run.

    Raises:
        DataError: the folder holds no `run.json`, or one of its files cannot be understood.
    """
    if not path.is_dir():
        raise DataError(
            f"{path}: no such folder, expected the output folder of a training run; correct the path"
        )
    run = _read_json(path / "run.json", RunRecord)
    if run is None:
        raise DataError(
            f"{path}: holds no run.json, expected the output folder of a training run; "
            "pass the folder that the training wrote"
        )
    return RunFolder(
        path=path,
        run=run,
        history=[_validate(Epoch, row, path / "history.csv") for row in _read_csv(path / "history.csv")],
        threshold=_read_json(path / "threshold.json", Threshold),
        summary=_read_json(path / "evaluation" / "summary.json", Summary),
        subjects=_read_csv(path / "evaluation" / "subjects.csv"),
    )


def _read_json(path: Path, model: type[R]) -> R | None:
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: is no JSON ({error}); repeat the step that wrote it") from error
    return _validate(model, content, path)


def _validate(model: type[R], content: object, path: Path) -> R:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(key) for key in first["loc"]) or "the whole file"
        raise DataError(
            f"{path}: {place} is {first['input']!r:.80}, expected otherwise ({first['msg']}); "
            "repeat the step that wrote it"
        ) from error


def _read_csv(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [{key: value or "" for key, value in row.items() if key} for row in csv.DictReader(file)]
