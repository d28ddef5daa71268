"""The manifests and schemas that the repository ships are what the code makes."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from monai_mri.manifest import PARTS, read_manifest, read_splits, rows_of_part, splits_path, study_schema

SNIPPET = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture
def folder(repository):
    return repository / "data_manifests"


def test_the_schema_file_is_what_the_code_makes(folder):
    stored = json.loads((folder / "ms_plaque.schema.json").read_text())
    assert stored == study_schema(images=("flair",), mask=True, title="ms_plaque")


def test_the_example_fits_the_schema(folder):
    schema = json.loads((folder / "ms_plaque.schema.json").read_text())
    manifest = read_manifest(folder / "ms_plaque.example.csv")
    rows = jsonschema.Draft202012Validator(schema)
    assert all(rows.is_valid(row) for row in manifest.rows())
    sidecar = json.loads((folder / "ms_plaque.example.json").read_text())
    jsonschema.validate(sidecar, {**schema["$defs"]["Sidecar"], "$defs": schema["$defs"]})


def test_the_example_is_split_by_patient(folder):
    manifest = read_manifest(folder / "ms_plaque.example.csv")
    splits = read_splits(splits_path(manifest.path))
    rows = {part: rows_of_part(manifest, splits, part) for part in PARTS}
    assert sum(map(len, rows.values())) == 22
    assert splits.part_of("patient07") == "train"
    assert splits.part_of("patient19") == "test"


def test_the_datasheet_makes_the_very_files(folder, real_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONAI_MRI_DATA", str(real_data.resolve()))
    for code in SNIPPET.findall((folder / "ms_plaque.md").read_text(encoding="utf-8")):
        exec(code, {})
    made = sorted((tmp_path / "data_manifests").iterdir())
    assert [path.name for path in made] == [
        "ms_plaque.example.csv",
        "ms_plaque.example.json",
        "ms_plaque.example.splits.json",
        "ms_plaque.schema.json",
    ]
    for path in made:
        assert path.read_bytes() == (folder / path.name).read_bytes()
