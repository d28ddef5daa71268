from __future__ import annotations

import pytest

from monai_mri.report.notes import collect_notes, filters_note
from monai_mri.report.run_folder import RunRecord


@pytest.mark.parametrize("filters", [[20, 20, 40, 60, 20], None])
def test_published_filters_need_no_note(filters):
    assert filters_note(RunRecord(network="PlaqueFCN", filters=filters)) == ""


@pytest.mark.parametrize(
    ("network", "filters", "said"),
    [
        ("LesionCNN", [8, 16, 16], "fewer, 8-16-16 a layer here, 64-64-128 there"),
        ("MigraineCNN", [5, 10, 20], "net: 5-10-20 a layer here, 20-10-5 there"),
    ],
)
def test_other_filters_are_said(network, filters, said):
    assert said in filters_note(RunRecord(network=network, filters=filters))


def test_notes_stand_once_and_in_order():
    run = RunRecord(filters_note="Few.", notes=["Old.", "Few."])
    assert collect_notes(run, ["New.", "Old."]) == ["Few.", "Old.", "New."]
