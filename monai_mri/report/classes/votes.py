"""What an evaluation of several classifiers together says beside the scores: each voter, and their vote."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, nan

from pydantic import Field

from monai_mri.report.classes.scores import Score
from monai_mri.report.records import Count, Figure, Record
from monai_mri.report.tables import Cell, Row, Table, to_count, to_figure

__all__ = ["Agreement", "ClassFigures", "Voter", "VoterReport", "members_table", "voters_table"]

TOGETHER = {"vote": "Majority vote", "mean": "Mean probability"}
SHOWN_SHA = 12  # letters of a hash


class Voter(Record):
    """One of the classifiers, and where its weights come from."""

    network: str = ""
    weights: str = ""
    weights_sha256: str = ""
    epoch: Count = None
    training_protocol: str = ""


class Agreement(Record):
    """How far the voters agree, whatever is true."""

    unanimous: Figure = nan
    kappa: Figure = nan
    voters: Count = None


class ClassFigures(Record):
    """Precision, recall and F of one class, and the images of it."""

    precision: Figure = nan
    recall: Figure = nan
    f1: Figure = nan
    support: Count = None


class VoterReport(Record):
    """The figures of one voter, or of all together."""

    classes: dict[str, ClassFigures] = Field(default_factory=dict)
    accuracy: Score = Field(default_factory=Score)
    macro_f1: Score = Field(default_factory=Score)


def voters_table(reports: Mapping[str, VoterReport]) -> Table | None:
    """A row a voter, the vote and the mean: accuracy, macro F, and each class; None without voters."""
    if not reports:
        return None
    classes = next(iter(reports.values())).classes
    rows = []
    for name, report in reports.items():
        cells = [_with_interval(report.accuracy), _with_interval(report.macro_f1)]
        for label in classes:
            found = report.classes.get(label, ClassFigures())
            cells += [_figure(found.precision), _figure(found.recall), _figure(found.f1)]
        rows.append(Row(label=TOGETHER.get(name, name), cells=cells, network=name in TOGETHER))
    supports = {label: f"{label} ({to_count(found.support)})" for label, found in classes.items()}
    return Table(
        groups=[("all images", 2), *((supports[label], 3) for label in classes)],
        headings=[
            *(("Accuracy", ""), ("Macro F", "")),
            *(heading for _ in classes for heading in (("Precision", ""), ("Recall", ""), ("F", ""))),
        ],
        rows=rows,
    )


def members_table(members: Mapping[str, Voter]) -> Table | None:
    """Where the weights of each voter come from; None without voters."""
    if not members:
        return None
    rows = [
        Row(
            label=name,
            cells=[
                Cell(one.network or "not recorded", word=True),
                Cell(to_count(one.epoch)),
                Cell(one.training_protocol or "not recorded", word=True),
                Cell(one.weights, note=one.weights_sha256[:SHOWN_SHA], word=True),
            ],
        )
        for name, one in members.items()
    ]
    headings = [("Network", ""), ("Epoch", ""), ("Protocol", ""), ("Weights and their SHA-256", "")]
    return Table(groups=[], headings=headings, rows=rows)


def _figure(value: float) -> Cell:
    return Cell(to_figure(value, digits=2), value=value, undefined=not isfinite(value))


def _with_interval(score: Score) -> Cell:
    ends = (score.low, score.high)
    note = f"{score.low:.2f} to {score.high:.2f}" if all(map(isfinite, ends)) else ""
    return Cell(to_figure(score.value), note=note, value=score.value, undefined=not isfinite(score.value))
