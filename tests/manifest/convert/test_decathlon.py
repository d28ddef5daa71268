from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import Splits, create_manifest, make_splits, splits_path, write_manifest, write_splits
from monai_mri.manifest.convert import convert_manifest


def converted(manifest, out, **options):
    convert_manifest(manifest, "decathlon", out, **options)
    return json.loads(out.read_text())


@pytest.fixture
def manifest(make_cohort):
    """With a hold-out split."""
    made = make_cohort()
    splits = make_splits(made, test=0.2, validation=0.2, assign={"pat_1": "train", "pat_6": "test"})
    write_splits(splits_path(made.path), splits)
    return made


def test_lists_are_the_parts_and_paths_are_relative_to_the_json(manifest, tmp_path):
    content = converted(manifest, tmp_path / "lists/msd.json")
    assert content["modality"] == {"0": "flair", "1": "t1"}
    assert content["labels"] == {"0": "background", "1": "lesion"}
    assert content["licence"] == "CC0"
    first = content["training"][0]
    assert first["image"] == ["../data/pat_1/v1_1_flair.nii.gz", "../data/pat_1/v1_1_t1.nii.gz"]
    assert first["label"] == "../data/pat_1/v1_1_mask.nii.gz"
    assert (first["subject_id"], first["class"], first["coil"]) == ("pat_1", "ms", "c0")
    sizes = [content[key] for key in ("numTraining", "numValidation", "numTest")]
    assert sizes == [len(content[key]) for key in ("training", "validation", "test")]
    assert sum(sizes) == 8


def test_a_missing_cell_is_null_which_no_reader_takes_for_a_path(manifest, tmp_path):
    items = converted(manifest, tmp_path / "a.json")["test"]
    assert {item["session_id"] for item in items} == {None}
    assert len({tuple(item) for item in items}) == 1


def test_without_splits_all_is_training_and_empty_lists_are_left_out(make_cohort, tmp_path):
    content = converted(make_cohort(), tmp_path / "a.json")
    assert len(content["training"]) == 8
    assert not {"validation", "test"} & content.keys()


def test_without_masks_the_label_is_the_number_of_a_named_class(make_cohort, tmp_path):
    content = converted(make_cohort(masks=False, modalities=("t1",)), tmp_path / "a.json")
    assert content["labels"] == {"0": "control", "1": "ms"}
    assert content["training"][0]["image"] == "data/pat_1/v1_1_t1.nii.gz"
    assert {item["label"] for item in content["training"]} == {0, 1}


@pytest.mark.slow
def test_folds_are_numbered_as_auto3dseg_wants_them(make_cohort, tmp_path):
    from monai.auto3dseg.utils import datafold_read

    made = make_cohort()
    splits = make_splits(made, folds=2, validation=0, assign={"pat_5": "train", "pat_6": "test"})
    write_splits(splits_path(made.path), splits)
    out = tmp_path / "a.json"
    content = converted(made, out, folds="yes", repeat="0")
    assert [item["subject_id"] for item in content["testing"]] == ["pat_6"]
    assert {item["fold"] for item in content["training"]} == {0, 1, 2}
    for fold in (0, 1):
        train, validation = datafold_read(str(out), str(tmp_path), fold=fold)
        tested = {unit for unit, part in splits.parts[0][fold].items() if part == "test"} - {"pat_6"}
        assert {Path(item["subject_id"]).name for item in validation} == tested
        assert len(train) + len(validation) == len(content["training"])


def test_folds_of_a_hold_out_split_are_validation_and_training(manifest, tmp_path):
    content = converted(manifest, tmp_path / "a.json", folds="yes")
    assert {item["fold"] for item in content["training"]} == {0, 1}
    assert {item["fold"] for item in content["training"] if item["subject_id"] == "pat_1"} == {1}


@pytest.mark.slow
def test_monai_loads_it_and_finds_the_files(manifest, tmp_path):
    from monai.data import load_decathlon_datalist
    from monai.transforms import LoadImaged

    out = tmp_path / "lists" / "a.json"
    converted(manifest, out)
    items = load_decathlon_datalist(out, is_segmentation=True, data_list_key="training")
    assert items[0]["subject_id"] == "pat_1"
    loaded = LoadImaged(keys=["image", "label"], ensure_channel_first=True)(items[0])
    assert loaded["image"].shape == (2, 3, 4, 2)
    assert loaded["label"].shape == (1, 3, 4, 2)


def test_a_value_that_monai_would_take_for_a_path_is_noted(manifest, tmp_path):
    assert not convert_manifest(manifest, "decathlon", tmp_path / "a.json").notes
    made = convert_manifest(manifest, "decathlon", tmp_path / "data" / "a.json")
    assert any(note.startswith("subject_id: a value is also the name") for note in made.notes)
    made = convert_manifest(manifest, "decathlon", tmp_path / "data" / "b.json", columns="no")
    assert not any("subject_id" in note for note in made.notes)


def test_the_decathlon_layout_reads_it_back(manifest, tmp_path, monkeypatch):
    convert_manifest(manifest, "decathlon", tmp_path / "dataset.json")
    back = create_manifest("decathlon", tmp_path, tmp_path / "back.csv")
    keys = ("subject_id", "session_id", "site", "flair", "t1", "mask", "label", "age", "coil")

    def told(rows):
        return sorted(tuple(row[key] for key in keys) for row in rows)

    assert told(back.rows()) == told(manifest.rows())
    assert "class" not in back.table
    parts = {row["subject_id"]: row["official_part"] for row in back.rows()}
    assert (parts["pat_1"], parts["pat_6"]) == ("train", "test")


def test_a_class_is_read_back_by_name(make_cohort, tmp_path):
    manifest = make_cohort(masks=False)
    convert_manifest(manifest, "decathlon", tmp_path / "dataset.json")
    back = create_manifest("decathlon", tmp_path, tmp_path / "back.csv")
    assert [row["label"] for row in back.rows()] == [row["label"] for row in manifest.rows()]


def test_a_row_without_a_modality_is_refused_or_left_out(make_cohort, tmp_path):
    made = make_cohort()
    rows = made.rows()
    rows[3]["t1"] = ""
    manifest = write_manifest(made.path, rows, sidecar=made.sidecar)
    with pytest.raises(ManifestError, match="data row 4 has no t1"):
        convert_manifest(manifest, "decathlon", tmp_path / "a.json")
    assert not (tmp_path / "a.json").exists()
    said = convert_manifest(manifest, "decathlon", tmp_path / "a.json", missing="skip")
    assert "1 rows lack a modality" in said.notes[0]
    assert len(json.loads((tmp_path / "a.json").read_text())["training"]) == 7


@pytest.mark.parametrize(
    ("options", "says"),
    [({"folds": "maybe"}, "yes or no"), ({"fold": "-1"}, "a number from 0"), ({"fold": "7"}, "fold 7")],
)
def test_a_wrong_setting_is_a_usage_error(manifest, tmp_path, options, says):
    with pytest.raises(UsageError, match=says):
        convert_manifest(manifest, "decathlon", tmp_path / "a.json", **options)


def test_folds_without_splits_are_a_usage_error(make_cohort, tmp_path):
    with pytest.raises(UsageError, match="manifest split"):
        convert_manifest(make_cohort(), "decathlon", tmp_path / "a.json", folds="yes")


def test_a_column_that_the_json_needs_is_refused(make_cohort, tmp_path):
    made = make_cohort()
    manifest = write_manifest(made.path, [{**row, "fold": "1"} for row in made.rows()], sidecar=made.sidecar)
    with pytest.raises(ManifestError, match="column 'fold'"):
        convert_manifest(manifest, "decathlon", tmp_path / "a.json")
    assert "fold" not in converted(manifest, tmp_path / "a.json", columns="no")["training"][0]


def test_no_image_is_opened(make_cohort, tmp_path):
    manifest = make_cohort()
    shutil.rmtree(tmp_path / "data")
    assert len(converted(manifest, tmp_path / "a.json")["training"]) == 8


def test_rows_that_the_splits_do_not_use_are_left_out_and_noted(make_cohort, tmp_path):
    made = make_cohort()
    parts = {f"pat_{n}": "train" for n in range(1, 6)} | {"pat_6": "unused"}
    write_splits(splits_path(made.path), Splits(manifest_sha256=made.sha256, parts=((parts,),)))
    for name, folds in (("a.json", "no"), ("b.json", "yes")):
        result = convert_manifest(made, "decathlon", tmp_path / name, folds=folds)
        assert "1 rows are unused" in result.notes[0]
        assert "pat_6" not in (tmp_path / name).read_text()


def test_paths_that_climb_are_noted_and_can_be_relative_to_the_root(manifest, tmp_path):
    made = convert_manifest(manifest, "decathlon", tmp_path / "lists" / "a.json")
    assert any("may name folders" in note for note in made.notes)
    made = convert_manifest(manifest, "decathlon", tmp_path / "lists" / "b.json", base="root")
    assert not any("may name folders" in note for note in made.notes)
    first = json.loads(made.path.read_text())["training"][0]
    assert first["label"] == "data/pat_1/v1_1_mask.nii.gz"


def test_folds_where_validation_rotates_are_numbered_by_the_validation_part(make_cohort, tmp_path):
    made = make_cohort()
    splits = make_splits(made, folds=3, rotate="validation", test=1, only_train={"subject_id": ["pat_5"]})
    write_splits(splits_path(made.path), splits)
    content = converted(made, tmp_path / "a.json", folds="yes")
    tested = {unit for unit, part in splits.units_by_part().items() if part == "test"}
    assert {item["subject_id"] for item in content["testing"]} == tested
    for item in content["training"]:
        if item["subject_id"] == "pat_5":
            assert item["fold"] == 3
        else:
            assert splits.part_of(item["subject_id"], fold=item["fold"]) == "validation"
