from __future__ import annotations

import json

import jsonschema
import pytest
from pydantic import ValidationError

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import FileRecord, Row, Sidecar, Splits, row_model, study_schema, write_study_schema

SHA = "a" * 64
ROW = {"subject_id": "001", "session_id": "", "site": "", "flair": "a.nii.gz", "mask": "b.nii.gz"}


def validator(**study):
    schema = study_schema(**study)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_a_row_of_the_study_is_valid_for_pydantic_and_for_json_schema():
    row_model(images=("flair",), mask=True).model_validate(ROW)
    assert validator(images=("flair",), mask=True).is_valid(ROW)


@pytest.mark.parametrize(
    "change",
    [
        {"subject_id": ""},
        {"flair": "/data/a.nii"},
        {"mask": "../b.nii"},
        {"flair": None},
        {"subject_id": 1},
        {"age": 30},
    ],
)
def test_a_bad_row_is_invalid_for_both(change):
    row = ROW | change
    assert not validator(images=("flair",), mask=True).is_valid(row)
    with pytest.raises(ValidationError):
        row_model(images=("flair",), mask=True).model_validate(row)


def test_every_column_of_the_study_must_exist():
    study = {"images": ("t1", "t2"), "label": True, "extra": ("lesion_id",)}
    assert study_schema(**study)["required"] == ["subject_id", "t1", "t2", "label", "lesion_id"]
    with pytest.raises(ValidationError, match="lesion_id"):
        row_model(**study).model_validate({"subject_id": "1", "t1": "", "t2": "", "label": "ms"})


def test_columns_may_have_any_name():
    row = row_model(images=("model_x", "copy", "_t1"), extra=("schema", "json"))
    given = {"subject_id": "1", "model_x": "", "copy": "", "_t1": "a.nii", "schema": "s", "json": "j"}
    assert row.model_validate(given).model_dump(by_alias=True)["_t1"] == "a.nii"


def test_other_columns_are_kept_as_text():
    assert Row.model_validate({"subject_id": "1", "age": "30"}).model_extra == {"age": "30"}


def test_the_schema_file_holds_the_schema_under_the_study_name(tmp_path):
    path = tmp_path / "ms_plaque.schema.json"
    write_study_schema(path, images=("flair",), mask=True)
    schema = json.loads(path.read_text())
    assert schema == study_schema(images=("flair",), mask=True, title="ms_plaque")
    assert "Sidecar" in schema["$defs"]


@pytest.mark.parametrize("root", ["/data", "..", "env:", "env:A B", "~", ""])
def test_a_sidecar_cannot_point_anywhere_else(root):
    with pytest.raises(ValidationError, match="root"):
        Sidecar(modalities=("flair",), root=root)


def test_file_records_hold_no_impossible_values():
    for wrong in ({"sha256": "x"}, {"shape": (0,)}, {"spacing_mm": (0.0,)}, {"spacing_mm": (float("nan"),)}):
        with pytest.raises(ValidationError):
            FileRecord(**({"sha256": SHA, "shape": (1,)} | wrong))


def make(*repeats) -> Splits:
    return Splits(manifest_sha256=SHA, parts=repeats)


def test_splits_know_the_part_of_a_unit_in_each_fold():
    splits = make(({"a": "train", "b": "test"}, {"a": "test", "b": "train"}))
    assert (splits.repeats, splits.folds) == (1, 2)
    assert splits.part_of("a", repeat=0, fold=1) == "test"
    with pytest.raises(ManifestError, match="'c' is not among the 2"):
        splits.part_of("c")
    with pytest.raises(UsageError, match="repeat 0, fold 2"):
        splits.part_of("a", fold=2)
    with pytest.raises(UsageError, match="repeat -1"):
        splits.part_of("a", repeat=-1)


def test_the_hash_of_splits_is_that_of_their_content():
    one, same = make(({"a": "train", "b": "test"},)), make(({"b": "test", "a": "train"},))
    assert one.sha256 == same.sha256
    assert one.sha256 != make(({"a": "test", "b": "train"},)).sha256
    assert one.sha256 != one.model_copy(update={"seed": 1}).sha256


@pytest.mark.parametrize(
    "parts",
    [
        (),
        ((),),
        (({"a": "train"},), ()),
        (({"a": "train"}, {"b": "train"}),),
        (({"a": "held out"},),),
    ],
)
def test_irregular_splits_are_refused(parts):
    with pytest.raises(ValidationError):
        make(*parts)
