from __future__ import annotations

import json
from math import isnan

import numpy as np
import pytest
from safetensors.numpy import save_file

from monai_mri.errors import DataError
from monai_mri.report.run_folder import OTHER_WEIGHTS, read_run_folder


def test_everything_the_engines_write_is_read(make_run):
    folder = read_run_folder(make_run())
    assert folder.run.network == "PlaqueFCN"
    assert folder.run.parts["train"].samples == 1742
    assert len(folder.history) == 24
    assert folder.kind == ""


def test_kind_is_what_the_evaluation_says(make_class_run):
    folder = read_run_folder(make_class_run())
    assert folder.kind == "classification"
    assert folder.run.best_epoch == 2
    assert [row.val_accuracy for row in folder.history] == [0.5, 0.75, 0.5]


def test_empty_cells_and_null_are_nan(make_run):
    folder = read_run_folder(make_run())
    assert isnan(folder.history[0].val_f1)


def test_run_json_alone_is_enough(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    folder = read_run_folder(tmp_path)
    assert (folder.history, folder.kind) == ([], "")


def test_folder_without_run_json_is_a_data_error_in_one_line(tmp_path):
    with pytest.raises(DataError, match=r"holds no run\.json, expected the output folder") as caught:
        read_run_folder(tmp_path)
    assert "\n" not in str(caught.value)


def test_missing_folder_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        read_run_folder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"seed": "seven"}', '{"parts": {"train": 3}}', "\ufffe", "[" * 100_000]
)
def test_broken_json_is_a_data_error_in_one_line_naming_the_file(tmp_path, content):
    (tmp_path / "run.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"run\.json: ") as caught:
        read_run_folder(tmp_path)
    assert "\n" not in str(caught.value)


def test_broken_history_is_a_data_error_naming_the_file(make_run):
    run = make_run()
    (run / "history.csv").write_text("epoch,train_loss\n1,much\n")
    with pytest.raises(DataError, match=r"history\.csv: train_loss is 'much'"):
        read_run_folder(run)


def test_unknown_keys_are_ignored(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({"study": "ms_plaque", "colour": "blue"}))
    assert read_run_folder(tmp_path).run.study == "ms_plaque"


@pytest.mark.parametrize(("scored", "notes"), [("ab", []), ("cd", [OTHER_WEIGHTS]), (None, [])])
def test_evaluation_of_other_weights_than_the_folders_is_noted(tmp_path, scored, notes):
    (tmp_path / "run.json").write_text("{}")
    header = {"monai_mri": json.dumps({"tensors_sha256": "ab"})}
    save_file({"weight": np.zeros(1)}, tmp_path / "model.safetensors", metadata=header)
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "summary.json").write_text(json.dumps({"weights_sha256": scored}))
    assert read_run_folder(tmp_path).run.notes == notes


def test_evaluation_beside_weights_that_cannot_be_read_is_shown_as_it_is(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"torn")
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "summary.json").write_text('{"weights_sha256": "ab"}')
    assert read_run_folder(tmp_path).run.notes == []
