from __future__ import annotations

from math import isnan

from monai_mri.report.classes.results import ClassSummary
from monai_mri.report.classes.votes import members_table, voters_table

REPORT = {
    "classes": {
        "no_tumor": {"precision": 0.92, "recall": 0.96, "f1": 0.94, "support": 511},
        "tumor": {"precision": None, "recall": 0.85, "f1": 0.88, "support": 275},
    },
    "accuracy": {"value": 0.921, "low": 0.9, "high": 0.94},
    "macro_f1": {"value": 0.91},
}


def summary(**content) -> ClassSummary:
    return ClassSummary.model_validate({"classes": ["no_tumor", "tumor"], **content})


def test_the_table_has_a_row_a_voter_and_one_for_the_vote_and_the_mean():
    found = voters_table(summary(report={"resnet50": REPORT, "vote": REPORT, "mean": REPORT}).report)
    assert [row.label for row in found.rows] == ["resnet50", "Majority vote", "Mean probability"]
    assert found.groups == [("all images", 2), ("no_tumor (511)", 3), ("tumor (275)", 3)]
    cells = found.rows[0].cells
    assert (cells[0].text, cells[0].note) == ("0.921", "0.90 to 0.94")
    assert (cells[1].text, cells[1].note) == ("0.910", "")
    assert (cells[5].text, cells[5].undefined) == ("undefined", True)
    assert len(found.headings) == len(cells) == 8


def test_the_voters_weights_are_told_with_their_hash():
    one = {
        "network": "ImageClassifier",
        "weights": "runs/a",
        "weights_sha256": "0123456789abcdef",
        "epoch": 7,
    }
    (row,) = members_table(summary(members={"resnet50": one}).members).rows
    assert [cell.text for cell in row.cells] == ["ImageClassifier", "7", "not recorded", "runs/a"]
    assert row.cells[3].note == "0123456789ab"


def test_an_evaluation_of_one_classifier_has_no_voters():
    alone = summary()
    assert voters_table(alone.report) is None
    assert members_table(alone.members) is None
    assert alone.agreement is None


def test_an_undefined_kappa_stays_undefined():
    found = summary(agreement={"unanimous": 1.0, "kappa": None, "voters": 3}).agreement
    assert isnan(found.kappa)
