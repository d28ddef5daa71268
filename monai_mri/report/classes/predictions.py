"""`predictions.csv`: what the network said of each image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path

from monai_mri.errors import DataError
from monai_mri.report.records import read_rows

__all__ = ["Prediction", "read_predictions", "surest_wrong_first"]


@dataclass(frozen=True)
class Prediction:
    """One image: who it is of, its class (empty if unknown), the class said, a probability each, 0 to 1."""

    sample_id: str
    subject_id: str
    truth: str
    predicted: str
    probabilities: tuple[float, ...]
    of_truth: float = nan

    @property
    def right(self) -> bool:
        """Whether the class said is the true one."""
        return self.truth == self.predicted

    @property
    def sureness(self) -> float:
        """The largest probability; nan without one."""
        return max(self.probabilities, default=nan)


def read_predictions(path: Path, *, classes: Sequence[str]) -> list[Prediction]:
    """Lines of the file; empty where there is no such file.

    Raises:
        DataError: a column or class is missing, or a cell is no probability.
    """
    rows = read_rows(path)
    needed = ["sample_id", "truth", "predicted", *(f"p_{name}" for name in classes)]
    if missing := [name for name in needed if rows and name not in rows[0]]:
        raise DataError(
            f"{path}: has no column {missing[0]!r:.80}, expected {', '.join(needed):.200}; evaluate again"
        )
    return [_prediction(row, classes, f"{path}:{line}") for line, row in enumerate(rows, start=2)]


def surest_wrong_first(predictions: Sequence[Prediction]) -> list[Prediction]:
    """Wrong ones first, the surest of them on top; then the right ones, the least sure on top."""
    return sorted(predictions, key=lambda one: (one.right, one.sureness if one.right else -one.sureness))


def _prediction(row: Mapping[str, str], classes: Sequence[str], where: str) -> Prediction:
    expected = f"{', '.join(classes):.200}; evaluate again"
    for column in ("truth", "predicted"):
        name = row[column]
        if name not in classes and (name or column == "predicted"):
            raise DataError(f"{where}: {column} is {name!r:.60}, expected one of {expected}")
    shares = tuple(_probability(row[f"p_{name}"], f"{where}: p_{name}") for name in classes)
    truth = row["truth"]
    return Prediction(
        sample_id=row["sample_id"],
        subject_id=row.get("subject_id", ""),
        truth=truth,
        predicted=row["predicted"],
        probabilities=shares,
        of_truth=shares[list(classes).index(truth)] if truth else nan,
    )


def _probability(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not (isfinite(value) and 0 <= value <= 1):
        raise DataError(f"{where:.200} is {text!r:.80}, expected a probability from 0 to 1; evaluate again")
    return value
