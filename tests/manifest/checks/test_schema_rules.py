from __future__ import annotations

import json

import pytest

from monai_mri.errors import UsageError
from monai_mri.manifest import study_schema, write_manifest
from monai_mri.manifest.checks import check_manifest


@pytest.fixture
def schema(tmp_path):
    path = tmp_path / "s.schema.json"
    content = study_schema(images=("flair",), mask=True)
    content["properties"]["label"] = {"enum": ["ms", "control"]}
    path.write_text(json.dumps(content))
    return path


def findings(tmp_path, schema, **cells):
    rows = [{"subject_id": "1", "flair": "a.nii", **cells}]
    path = write_manifest(tmp_path / "m.csv", rows).path
    found = check_manifest(path, depth="table", schema=schema).findings
    return [(finding.code, finding.subject) for finding in found]


def test_a_row_that_fits_yields_nothing(tmp_path, schema):
    assert findings(tmp_path, schema, mask="m.nii", label="ms") == []


def test_a_column_that_the_study_needs_is_missed(tmp_path, schema):
    assert findings(tmp_path, schema, label="ms") == [("E512", "")]


def test_a_cell_that_does_not_fit_is_said_of_its_subject(tmp_path, schema):
    assert findings(tmp_path, schema, mask="m.nii", label="MS") == [("E512", "1")]


@pytest.mark.parametrize("content", ["no JSON", '{"type": 3}'])
def test_what_is_no_schema_is_a_usage_error(tmp_path, schema, content):
    schema.write_text(content)
    with pytest.raises(UsageError, match="expected a JSON Schema"):
        findings(tmp_path, schema)


def test_a_reference_elsewhere_is_not_fetched(tmp_path, schema):
    schema.write_text(json.dumps({"$ref": "http://127.0.0.1:9/x"}))
    with pytest.raises(UsageError, match="stands alone"):
        findings(tmp_path, schema)
