"""Numbers out of a run's folder, and over runs: undefined is nan."""

from __future__ import annotations

import csv
import math
import statistics
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

from monai_mri.study.runs import Run, summary_of
from monai_mri.study.table_spec import Column


@dataclass(frozen=True)
class Figure:
    """A number, with the ends of its interval or the SD over the runs behind it, where there are such."""

    value: float = nan
    low: float = nan
    high: float = nan
    sd: float = nan


def has_figure(run: Run, column: Column) -> bool:
    """Whether a finished run has what a column of the table is about, be it undefined."""
    if column.value is not None:
        return has_path(summary_of(run) or {}, column.value)
    with suppress(OSError), (run.folder / "history.csv").open(newline="", encoding="utf-8") as file:
        return column.history in (csv.DictReader(file).fieldnames or ())
    return False


def has_path(content: Any, path: str) -> bool:
    """Whether something stands under a path, be it null.

    >>> has_path({"scores": {"f1": None}}, "scores.f1"), has_path({"scores": {}}, "scores.f1")
    (True, False)
    """
    above, _, last = path.rpartition(".")
    found = look_up(content, above) if above else content
    if isinstance(found, list):
        return look_up(found, last) is not None
    return isinstance(found, Mapping) and last in found


def look_up(content: Any, path: str) -> Any:
    """What lies under a path such as `scores.accuracy`; items of a list by their `name`; else None.

    >>> look_up({"methods": [{"name": "network", "pooled": {"f1": 0.5}}]}, "methods.network.pooled.f1")
    0.5
    """
    for key in path.split("."):
        if isinstance(content, list):
            named = (one for one in content if isinstance(one, Mapping) and one.get("name") == key)
            content = next(named, None)
        else:
            content = content.get(key) if isinstance(content, Mapping) else None
    return content


def primary_of(summary: Mapping[str, Any], path: str) -> float:
    """The number under a path of a summary, also where it stands there with its interval; nan without one."""
    return _score(summary, path).value


def figure_of(run: Run, column: Column) -> Figure:
    """What a column of the table says of a finished run."""
    if column.value is not None:
        score = _score(summary_of(run) or {}, column.value)
        return score if column.interval else Figure(score.value)
    epochs = _history(run.folder / "history.csv", str(column.history))
    return Figure(mean(epochs) if column.over_epochs == "mean" else sample_sd(epochs))


def over_runs(figures: Sequence[Figure]) -> Figure:
    """Mean and sample SD over the runs where a figure is defined; a single run keeps its interval."""
    if len(figures) == 1:
        return figures[0]
    values = [figure.value for figure in figures if not math.isnan(figure.value)]
    return Figure(mean(values), sd=sample_sd(values))


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; nan of nothing."""
    return statistics.fmean(values) if values else nan


def sample_sd(values: Sequence[float]) -> float:
    """Standard deviation with n - 1 below; nan of fewer than two.

    >>> round(sample_sd([1.0, 2.0, 3.0]), 3), sample_sd([1.0])
    (1.0, nan)
    """
    return statistics.stdev(values) if len(values) > 1 else nan


def _score(summary: Any, path: str) -> Figure:
    found = look_up(summary, path)
    if isinstance(found, Mapping):
        return Figure(*(_number(found.get(key)) for key in ("value", "low", "high")))
    return Figure(_number(found))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else nan


def _history(path: Path, column: str) -> list[float]:
    """A column of the history; epochs without a value, as those that were not validated, are left out."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [float(row[column]) for row in csv.DictReader(file) if row.get(column)]
