from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from monai_mri.engines import RunFolder
from monai_mri.engines.run_folder import peak_memory_mb, plain, surroundings
from monai_mri.errors import MonaiMRIError


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return RunFolder(tmp_path / "runs" / "one", study="test")


def test_nothing_is_made_before_something_is_written(folder):
    assert folder.read_json("run.json") == {}
    assert not folder.root.parent.exists()


def test_a_relative_folder_lies_where_the_process_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = RunFolder("runs/one", study="test")
    folder.update_run(seed=1)
    assert (tmp_path / "runs" / "one" / "run.json").is_file()
    assert folder.evaluation == tmp_path / "runs" / "one" / "evaluation"


def test_facts_are_added_and_replaced_and_the_others_stay(folder):
    folder.update_run(seed=1, epochs=2)
    folder.update_run(epochs=3, parts={"train": {"images": 4}})
    assert folder.read_json("run.json") == {"seed": 1, "epochs": 3, "parts": {"train": {"images": 4}}}


def test_undefined_numbers_are_null_at_any_depth(folder):
    content = {
        "a": float("nan"),
        "b": [np.float32("inf"), {"c": np.array([1.0, np.nan])}],
        "d": (torch.tensor(np.nan),),
    }
    path = folder.write_json("deep/table.json", content)
    assert json.loads(path.read_text()) == {"a": None, "b": [None, {"c": [1.0, None]}], "d": [None]}


def test_numbers_paths_and_keys_become_plain(folder):
    content = {
        1: np.int64(2),
        "path": Path("a/b"),
        "flag": np.bool_(True),
        "number": 0.1,
        "none": None,
        "text": "é",
    }
    assert folder.read_json(folder.write_json("x.json", content).name) == {
        "1": 2,
        "path": "a/b",
        "flag": True,
        "number": 0.1,
        "none": None,
        "text": "é",
    }
    assert plain(True) is True


def test_a_table_that_json_cannot_hold_leaves_the_old_one(folder):
    folder.update_run(seed=1)
    with pytest.raises(TypeError):
        folder.update_run(network=object())
    assert folder.read_json("run.json") == {"seed": 1}


def test_a_command_is_noted_once_and_several_are_kept(folder, monkeypatch):
    for words in (["a", "1"], ["a", "1"], ["b"]):
        monkeypatch.setattr(sys, "argv", ["monai-mri", *words])
        folder.note_command()
    commands = folder.read_json("run.json")["commands"]
    assert [command.split()[-1] for command in commands] == ["1", "b"]


@pytest.mark.parametrize(
    "argument",
    [
        "plain",
        "two words",
        "['a.yaml','b.yaml']",
        'a "quoted" word',
        "$HOME",
        "a;b",
        "*.nii",
        "",
        "back\\slash",
    ],
)
def test_a_noted_command_can_be_repeated_in_a_shell(folder, monkeypatch, argument):
    monkeypatch.setattr(sys, "argv", ["monai-mri", "run", argument])
    folder.note_command()
    assert shlex.split(folder.read_json("run.json")["commands"][0])[-2:] == ["run", argument]
    if argument == "$HOME":
        assert not folder.read_json("run.json")["commands"][0].endswith(" $HOME")


def test_leftovers_of_a_killed_process_go_and_everything_else_stays(folder):
    folder.update_run(seed=1)
    folder.checkpoints.mkdir()
    for name in (
        ".run.json.123.tmp",
        "checkpoints/.step_000000001.pt.9.tmp",
        "checkpoints/step.tmp",
        ".hidden",
    ):
        (folder.root / name).write_text("x")
    folder.remove_leftovers()
    found = {str(path.relative_to(folder.root)) for path in folder.root.rglob("*") if path.is_file()}
    assert found == {"run.json", ".hidden", "checkpoints/step.tmp"}


def test_no_folder_has_no_leftovers(folder):
    folder.remove_leftovers()


def test_a_damaged_run_json_is_said_with_its_path(folder):
    folder.update_run(seed=1)
    (folder.root / "run.json").write_text('{"seed": ')
    with pytest.raises(MonaiMRIError, match=r"run\.json"):
        folder.read_json("run.json")


def test_the_surroundings_are_json_and_name_versions_and_time(folder):
    folder.update_run(**surroundings())
    found = folder.read_json("run.json")
    assert found["versions"]["torch"] == torch.__version__
    assert set(found["versions"]) >= {"monai_mri", "python", "monai", "numpy"}
    assert found["started"].endswith("+00:00")


def test_peak_memory_is_in_mib_and_only_grows():
    before = peak_memory_mb()
    block = np.ones(2**23)
    assert 100 < before <= peak_memory_mb() < 2**17
    assert block.nbytes == 2**26


def test_an_evaluation_is_set_aside_beside_an_earlier_one_of_the_same_weights(tmp_path):
    run = RunFolder(tmp_path, study="test")
    for _ in range(3):
        run.write_json("evaluation/summary.json", {"weights_sha256": "abcdef0123"})
        run.set_evaluation_aside(unless="of others")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["evaluation-of-abcdef01", "evaluation-of-abcdef01-2", "evaluation-of-abcdef01-3"]
