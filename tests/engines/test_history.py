from __future__ import annotations

import csv
import json

import numpy as np

from monai_mri.engines.history import write_history

ROWS = [
    {"epoch": 1, "train_loss": 0.1 + 0.2, "val_f1": float("nan"), "learning_rate": 1e-05},
    {"epoch": 2, "train_loss": float("inf"), "val_f1": 0.5, "learning_rate": 1e-05},
]


def test_both_files_hold_every_row_to_the_last_digit(tmp_path):
    write_history(tmp_path, ROWS)
    with (tmp_path / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(ROWS[0])
    assert rows[0]["epoch"] == "1"
    assert float(rows[0]["train_loss"]) == 0.1 + 0.2
    assert float(rows[1]["learning_rate"]) == 1e-05
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert [line["train_loss"] for line in lines] == [0.1 + 0.2, None]


def test_undefined_numbers_are_empty_and_null(tmp_path):
    write_history(tmp_path, ROWS)
    assert (tmp_path / "history.csv").read_text().splitlines()[1].split(",")[2] == ""
    assert (tmp_path / "history.csv").read_text().splitlines()[2].split(",")[1] == ""
    assert json.loads((tmp_path / "history.jsonl").read_text().splitlines()[0])["val_f1"] is None
    assert "NaN" not in (tmp_path / "history.jsonl").read_text()


def test_a_shorter_history_replaces_a_longer_one(tmp_path):
    write_history(tmp_path, ROWS)
    write_history(tmp_path, ROWS[:1])
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 2
    assert len((tmp_path / "history.jsonl").read_text().splitlines()) == 1


def test_no_epochs_give_empty_files(tmp_path):
    write_history(tmp_path, [])
    assert (tmp_path / "history.csv").read_text() == (tmp_path / "history.jsonl").read_text() == ""


def test_floats_of_numpy_are_written_as_numbers(tmp_path):
    write_history(tmp_path, [{"epoch": 1, "val_f1": np.float64(0.5)}])
    assert (tmp_path / "history.csv").read_text() == "epoch,val_f1\n1,0.5\n"


def test_epochs_of_an_older_version_have_an_empty_cell_for_a_newer_column(tmp_path):
    write_history(tmp_path, [{"epoch": 1, "seconds": 2.0}, {"epoch": 2, "seconds": 2.0, "data_wait": 0.5}])
    assert (tmp_path / "history.csv").read_text() == "epoch,seconds,data_wait\n1,2.0,\n2,2.0,0.5\n"
