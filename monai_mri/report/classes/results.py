"""What the evaluation of a classification left in a run folder: scores, confusion, predictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from monai_mri.report.classes.predictions import Prediction, read_predictions
from monai_mri.report.classes.scores import Images, Score, as_score
from monai_mri.report.classes.votes import Agreement, Voter, VoterReport
from monai_mri.report.records import Count, Figure, Figures, Record, read_json
from monai_mri.report.run_folder import RunFolder

__all__ = [
    "Abstention",
    "Chosen",
    "ClassResults",
    "ClassSummary",
    "Majority",
    "Score",
    "read_class_results",
]


class Majority(Record):
    """What always saying the commonest class of the training part would be right for."""

    name: str | None = Field(default=None, alias="class")
    accuracy: Figure = nan
    correct: Count = None
    n: Count = None


class Chosen(Record):
    """The threshold chosen on the validation part, and what it does on the scored one."""

    threshold: Figure = nan
    coverage: Figure = nan
    accuracy: Figure = nan


class Abstention(Record):
    """Accuracy of the surest predictions by the share that is kept."""

    risk_coverage_area: Figure = nan
    threshold: Figures = Field(default_factory=list)
    coverage: Figures = Field(default_factory=list)
    accuracy: Figures = Field(default_factory=list)
    chosen: Chosen | None = None

    @model_validator(mode="after")
    def _has_one_length(self) -> Abstention:
        if len(self.coverage) != len(self.accuracy):
            raise ValueError(
                f"coverage and accuracy of one length, found {len(self.coverage)} and {len(self.accuracy)}"
            )
        return self


class ClassSummary(Record):
    """`evaluation/summary.json`; `confusion` has a row a true class and a column a predicted one."""

    protocol: str = ""
    training_protocol: str | None = None
    part: str = "test"
    weights_sha256: str | None = None
    trained_subjects_allowed: bool = False
    classes: list[str] = Field(default_factory=list)
    positive: str = ""
    images: Count = None
    subjects: Count = None
    left_out: Count = None
    scores: dict[str, Annotated[Score, BeforeValidator(as_score)]] = Field(default_factory=dict)
    confusion: list[list[Images]] = Field(default_factory=list)
    majority: Majority | None = None
    abstention: Abstention | None = None
    members: dict[str, Voter] = Field(default_factory=dict)
    agreement: Agreement | None = None
    report: dict[str, VoterReport] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _without_null(cls, content: Any) -> Any:
        """A key that is null is as good as missing."""
        if not isinstance(content, dict):
            return content
        return {key: value for key, value in content.items() if value is not None}

    @model_validator(mode="after")
    def _is_square(self) -> ClassSummary:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("classes of different names")
        if self.confusion and {len(self.confusion), *map(len, self.confusion)} != {len(self.classes)}:
            raise ValueError(
                f"a confusion matrix of {len(self.classes)} x {len(self.classes)}, as there are classes"
            )
        return self

    @property
    def counts(self) -> list[int]:
        """Images of each true class; empty where nobody counted."""
        return [sum(row) for row in self.confusion]

    @property
    def said(self) -> list[int]:
        """Images called each class; empty where nobody counted."""
        return [sum(column) for column in zip(*self.confusion, strict=True)]

    @property
    def only_said(self) -> str:
        """The one class that all images of several classes are said to be of; empty where there is none."""
        named = [name for name, count in zip(self.classes, self.said, strict=False) if count]
        return named[0] if len(named) == 1 and sum(count > 0 for count in self.counts) > 1 else ""

    @property
    def absent(self) -> list[str]:
        """Classes without an image in the scored part."""
        return [name for name, count in zip(self.classes, self.counts, strict=False) if not count]

    def score(self, name: str) -> Score:
        """A score, undefined where it is not there."""
        return self.scores.get(name, Score())


@dataclass(frozen=True)
class ClassResults:
    """`summary` is None where nothing was evaluated; `predictions` are empty where they are not there."""

    summary: ClassSummary | None = None
    predictions: list[Prediction] = field(default_factory=list)


def read_class_results(folder: RunFolder) -> ClassResults:
    """Read `evaluation/summary.json` and `evaluation/predictions.csv`.

    Raises:
        DataError: one of them cannot be understood, or the predictions are of other classes.
    """
    evaluation = folder.path / "evaluation"
    summary = read_json(evaluation / "summary.json", ClassSummary)
    if summary is None:
        return ClassResults()
    predictions = read_predictions(evaluation / "predictions.csv", classes=summary.classes)
    return ClassResults(summary=summary, predictions=predictions)
