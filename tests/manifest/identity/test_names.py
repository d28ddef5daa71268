"""Names of files and columns, and cells, of a manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from monai_mri.manifest import Manifest
from monai_mri.manifest.identity import name_faults
from monai_mri.manifest.table import as_table


def manifest(*rows, **columns):
    rows = rows or tuple(
        {"subject_id": f"sub-{n:03d}", "flair": f"sub-{n:03d}/flair.nii.gz"}
        | {name: cells[n - 1] for name, cells in columns.items()}
        for n in range(1, 1 + len(next(iter(columns.values()), "12")))
    )
    return Manifest(Path("m.csv"), as_table(rows, where=Path("m.csv")))


def codes(table):
    found = list(name_faults(table))
    secret = ("Smith", "1996", "4711", "clinic")
    assert all(word not in str(finding) for finding in found for word in secret)
    assert all(finding.code[0] == finding.severity[0].upper() for finding in found)
    return [finding.code for finding in found]


def test_a_clean_manifest_gives_nothing():
    columns = {
        "age": ["31", "89"],
        "edss": ["1.5", ""],
        "site": ["site-a", "site-b"],
        "label": ["Tumor", "0"],
    }
    assert (
        codes(manifest(**columns, native_wm_ml=["474.4", "490.9"], volume_mm3=["1234567", "7654321"])) == []
    )


@pytest.mark.parametrize(
    ("column", "cells", "code"),
    [
        ("surname", ["Smith", "Jones"], "E803"),
        ("name", ["Smith, John", "Jones, Jane"], "E803"),
        ("name", ["lesion a", "lesion b"], "W804"),
        ("dob", ["9.9.1996", "x"], "E803"),
        ("Date of Birth", ["1996", "1997"], "E803"),
        ("mrn", ["4711", "4712"], "E803"),
        ("patient_id", ["4711", "4712"], "W804"),
        ("address", ["1 Road", ""], "E803"),
        ("phone", ["0", "4711"], "E803"),
        ("zip", ["4711", "4712"], "E803"),
        ("notes", ["mail a@clinic.org", ""], "E803"),
        ("notes", ["", "+49 30 4711471"], "E803"),
        ("scan", ["1996-09-09", ""], "W804"),
        ("scan_date", ["19960909", ""], "W804"),
        ("source", ["/home/Smith/x", ""], "W804"),
        ("age", ["31", "93"], "W804"),
        ("study_id", ["4711471", "4711472"], "W804"),
        ("institution", ["Smith hospital", ""], "W806"),
    ],
)
def test_columns_and_cells_are_judged(column, cells, code):
    assert codes(manifest(**{column: cells})) == [code]


@pytest.mark.parametrize("subject", ["Smith_John", "19960909", "47114711"])
def test_ids_that_lead_to_a_person_are_found(subject):
    assert codes(manifest({"subject_id": subject, "flair": "a.nii"})) == ["W804"]


@pytest.mark.parametrize(
    "name", ["19960909_t1.nii.gz", "Smith_John/t1.nii.gz", "mrn4711471_t1.nii", "t1_9-Sep-1996.nii"]
)
def test_file_names_that_lead_to_a_person_are_found(name):
    assert codes(manifest({"subject_id": "s1", "flair": name})) == ["W804"]


@pytest.mark.parametrize(
    "name",
    [
        "brisc2025_test_00003_gl_ax_t1.jpg",
        "flair_mini_test/images/105006.jpg",
        "patient01/study1_FLAIR.nii.gz",
        "mwc2patient01.nii",
    ],
)
def test_file_names_of_the_open_sets_are_clean(name):
    assert codes(manifest({"subject_id": "s1", "flair": name})) == []


def test_a_finding_says_how_many_cells_and_where_the_first_one_is():
    (finding,) = name_faults(manifest(notes=["", "1996-09-09", "1996-09-10"]))
    assert "2 cells with a date, first in row 3 ('19••-••-••')" in finding.found
    assert (finding.subject, finding.path) == ("", "")


def test_a_date_in_a_column_name_is_covered():
    (finding,) = name_faults(manifest(visit_1996_09_09=["1", "2"]))
    assert finding.code == "W804"
    assert "1996" not in str(finding)


def test_no_file_name_of_the_open_sets_is_taken_for_an_identity(real_data):
    paths = [str(path.relative_to(real_data)) for path in sorted(real_data.rglob("*.*g*")) if path.is_file()]
    rows = [
        {"subject_id": Path(path).name.split(".")[0] + str(n), "flair": path} for n, path in enumerate(paths)
    ]
    table = Manifest(Path("m.csv"), as_table(rows, where=Path("m.csv")))
    assert [found.code for found in name_faults(table) if "file name" in found.found] == []
