from __future__ import annotations

import csv
import io
import json

from monai_mri.manifest import write_manifest
from monai_mri.manifest.summary import as_csv, as_json, as_text, summarise_manifest


def test_text_is_aligned_and_undefined_is_a_dash(cohort):
    text = as_text(summarise_manifest(cohort))
    lines = text.splitlines()
    assert lines[0].split() == ["train", "test", "overall", "SMD"]
    assert lines[1].split() == ["subjects", "3", "2", "5"]
    assert "  mean ± SD" in text
    assert "40.0 ± 10.0" in text
    assert "35.0 ± –" in text
    assert len({line.index("overall") + len("overall") for line in lines[:1]}) == 1


def test_without_groups_there_is_no_column_of_differences(in_memory):
    text = as_text(summarise_manifest(in_memory({"a": ["k"], "b": ["l"]})))
    assert "SMD" not in text
    assert "1 (50.0 %)" in text


def test_csv_has_a_line_a_level_and_runs_no_formula(tmp_path):
    rows = [{"subject_id": str(n), "t1": f"{n}.nii", "site": "=cmd|' /C calc'!A0"} for n in range(3)]
    manifest = write_manifest(tmp_path / "m.csv", rows)
    table = list(csv.reader(io.StringIO(as_csv(summarise_manifest(manifest)))))
    assert table[0] == ["variable", "level", "overall", "SMD"]
    assert ["site", "'=cmd|' /C calc'!A0", "3 (100.0 %)", ""] in table


def test_json_has_null_for_what_is_undefined(cohort):
    content = json.loads(as_json(summarise_manifest(cohort)))
    age = next(v for v in content["variables"] if v["name"] == "age")
    assert age["numbers"][1]["sd"] is None
    assert age["pairs"] == [["train", "test", None]]
    assert content["groups"][0] == {"name": "train", "subjects": 3, "scans": 4}


def test_text_obeys_no_control_characters_and_cuts_long_levels(tmp_path):
    rows = [{"subject_id": "a", "t1": "a.nii", "site": "\x1b[31mred" + "x" * 200}]
    text = as_text(summarise_manifest(write_manifest(tmp_path / "m.csv", rows)))
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 100


def test_a_pair_that_is_undefined_is_noted_where_others_are_defined(tmp_path):
    rows = [
        {"subject_id": str(n), "t1": f"{n}.nii", "site": "xyz"[min(n // 3, 2)], "age": str(30 + n * n)}
        for n in range(7)
    ]
    text = as_text(summarise_manifest(write_manifest(tmp_path / "m.csv", rows), by="site"))
    assert "SMD of age is undefined between x and z, y and z" in text
    assert "largest SMD" in text
