from __future__ import annotations

from monai_mri.report.segment_results import Mean
from monai_mri.report.slice_tables import mean_table

SCORES = {
    "dice": Mean(value=0.5, sd=0.1, low=0.4, high=0.6, n=9, undefined=0, subjects=6),
    "hd_px": Mean(value=3.25, sd=1, n=8, undefined=1, subjects=3),
    "hd_mm": Mean(n=0, undefined=9),
    "new": Mean(value=1, n=9),
}


def test_row_says_mean_interval_and_what_it_stands_on():
    table = mean_table(SCORES, unit="Slices")
    assert [heading for heading, _ in table.headings][2] == "Slices"
    dice = table.rows[0]
    assert (dice.label, [cell.text for cell in dice.cells]) == (
        "Dice",
        ["0.500 ± 0.100", "0.400 to 0.600", "9", "0", "6"],
    )


def test_missing_interval_is_called_undefined():
    hd = mean_table(SCORES, unit="Slices").rows[1]
    assert (hd.label, hd.cells[1].text, hd.cells[1].undefined) == ("HD, pixels", "undefined", True)


def test_distances_defined_nowhere_and_unknown_scores_are_left_out():
    assert [row.label for row in mean_table(SCORES, unit="Slices").rows] == ["Dice", "HD, pixels"]


def test_overlap_defined_nowhere_stays_and_is_called_undefined():
    (row,) = mean_table({"dice": Mean(n=0, undefined=2)}, unit="Volumes").rows
    assert row.cells[0].text == "undefined"
