from __future__ import annotations

from math import isnan

import pytest

from monai_mri.report.classes.results import read_class_results
from monai_mri.report.classes.tables import confusion_rows, people_table, score_table
from monai_mri.report.run_folder import read_run_folder

FIVE = ("a", "b", "c", "d", "e")


@pytest.fixture
def read(make_class_run):
    return lambda **settings: read_class_results(read_run_folder(make_class_run(**settings)))


def rows_of(table) -> dict[str, list[str]]:
    return {row.label: [cell.text for cell in row.cells] for row in table.rows}


def test_scores_stand_with_interval_and_how_it_was_made(read):
    rows = rows_of(score_table(read().summary))
    assert rows["Accuracy"] == ["0.750", "0.409 to 0.929", "Wilson", "8"]
    assert rows["AUC"][0] == "0.812"
    assert rows["AUC"][2] == "bootstrap by subject"
    assert list(rows)[:2] == ["Accuracy", "Balanced accuracy"]


def test_undefined_scores_say_why(read):
    said = [(name, [0.6 if name == other else 0.1 for other in FIVE]) for name in FIVE[:4]]
    table = score_table(read(classes=FIVE, said=said).summary)
    cells = {row.label: row.cells for row in table.rows}
    assert (cells["AUC"][0].text, cells["AUC"][0].note) == ("undefined", "no image of e")
    assert cells["Sensitivity"][0].note == "no one class of the 5 was chosen"
    assert cells["AUC, e"][0].note == "no image of this class"
    assert cells["Sensitivity, e"][0].note == "no image to stand on"
    assert cells["Sensitivity, e"][0].undefined
    assert cells["Sensitivity, e"][1].text == "undefined"


def test_confusion_has_counts_and_shares_of_its_row(read):
    (name, cells, total), other = confusion_rows(read().summary)
    assert (name, total) == ("control", 4)
    assert [(cell.count, cell.share, cell.right) for cell in cells] == [(3, 0.75, True), (1, 0.25, False)]
    assert [cell.right for cell in other[1]] == [False, True]


def test_row_of_an_absent_class_has_no_share(read):
    summary = read(said=[("control", (0.9, 0.1))]).summary
    assert isnan(confusion_rows(summary)[1][1][0].share)


def test_wrong_people_come_first_and_rows_are_capped(read):
    table = people_table(read().predictions, at_most=3)
    assert rows_of(table) == {
        "sub-004": ["control", "migraine", "0.700", "0.300"],
        "sub-008": ["migraine", "control", "0.700", "0.300"],
        "sub-003": ["control", "control", "0.600", "0.600"],
    }
    assert [row.wrong for row in table.rows] == [True, True, False]
