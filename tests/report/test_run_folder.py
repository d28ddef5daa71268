from __future__ import annotations

import json
from math import isnan

import pytest

from monai_mri.errors import DataError
from monai_mri.report.run_folder import read_run_folder


def test_everything_the_engines_write_is_read(make_run):
    folder = read_run_folder(make_run())
    assert folder.run.network == "PlaqueFCN"
    assert folder.run.parts["train"].samples == 1742
    assert len(folder.history) == 24
    assert folder.threshold.slices == 322
    assert [m.name for m in folder.methods] == ["network", "raw_50", "raw_45", "raw_40", "raw_tuned"]
    assert len(folder.subjects) == 20
    assert not folder.collapsed


def test_empty_cells_and_null_are_nan(make_run):
    folder = read_run_folder(make_run())
    assert isnan(folder.history[0].val_f1)
    assert isnan(folder.methods[1].per_scan["assd_mm"].mean)


def test_run_json_alone_is_enough(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    folder = read_run_folder(tmp_path)
    assert (folder.history, folder.threshold, folder.summary, folder.subjects) == ([], None, None, [])
    assert folder.methods == []


def test_folder_without_run_json_is_a_data_error_in_one_line(tmp_path):
    with pytest.raises(DataError, match=r"holds no run\.json, expected the output folder") as caught:
        read_run_folder(tmp_path)
    assert "\n" not in str(caught.value)


def test_missing_folder_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        read_run_folder(tmp_path / "nowhere")


@pytest.mark.parametrize("content", ["{", "[]", '{"seed": "seven"}', '{"parts": {"train": 3}}', "\ufffe"])
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


def test_evaluation_said_to_be_collapsed_makes_the_network_collapsed_and_no_baseline(make_run, edit_json):
    run = make_run()
    edit_json(run / "evaluation" / "summary.json", collapsed=True)
    folder = read_run_folder(run)
    assert folder.collapsed
    assert [m.collapsed for m in folder.methods] == [True, False, False, False, False]


def test_curve_of_unequal_lists_is_a_data_error(make_run, edit_json):
    run = make_run(scans=("sub-003",))
    edit_json(run / "threshold.json", curve={"threshold": [0.1, 0.2], "f1": [0.5]})
    with pytest.raises(DataError, match=r"threshold\.json: curve is .* lists of one length"):
        read_run_folder(run)


def test_unknown_keys_are_ignored(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({"study": "ms_plaque", "colour": "blue"}))
    assert read_run_folder(tmp_path).run.study == "ms_plaque"
