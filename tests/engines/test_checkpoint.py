from __future__ import annotations

import pytest
import torch

from monai_mri.engines.checkpoint import Checkpoints
from monai_mri.errors import CheckpointError


def state(iteration: int) -> dict:
    return {
        "iteration": iteration,
        "network": {"weight": torch.arange(300.0) + iteration},
        "optimizer": {
            "state": {0: {"step": torch.tensor(3.0)}},
            "param_groups": [{"lr": 0.1, "params": [0]}],
        },
        "history": [{"epoch": 1, "val_f1": float("nan")}],
        "lr_schedule": None,
    }


def same(one, other) -> bool:
    return one["iteration"] == other["iteration"] and torch.equal(
        one["network"]["weight"], other["network"]["weight"]
    )


@pytest.fixture
def checkpoints(tmp_path) -> Checkpoints:
    kept = Checkpoints(tmp_path / "checkpoints")
    for iteration in (9, 10):
        kept.save(state(iteration), iteration=iteration)
    return kept


def test_without_files_there_is_no_state(tmp_path):
    assert Checkpoints(tmp_path / "absent").newest() is None
    assert Checkpoints(tmp_path).newest() is None


def test_a_state_comes_back_as_it_was(checkpoints):
    found, saved = checkpoints.newest(), state(10)
    assert same(found, saved)
    assert found["optimizer"]["param_groups"] == saved["optimizer"]["param_groups"]
    assert found["optimizer"]["state"][0]["step"] == 3
    assert found["lr_schedule"] is None


def test_the_newest_two_are_kept_and_nothing_else_is_left(checkpoints):
    for iteration in (11, 100, 1000):
        checkpoints.save(state(iteration), iteration=iteration)
    assert [path.name for path in sorted(checkpoints.folder.iterdir())] == [
        "step_000000100.pt",
        "step_000001000.pt",
    ]
    assert checkpoints.newest()["iteration"] == 1000


def test_saving_one_step_twice_keeps_the_one_before(checkpoints):
    checkpoints.save(state(10), iteration=10)
    assert [path.name for path in sorted(checkpoints.folder.iterdir())] == [
        "step_000000009.pt",
        "step_000000010.pt",
    ]


def test_what_else_lies_in_the_folder_is_left_alone(checkpoints):
    (checkpoints.folder / "notes.txt").write_text("mine")
    checkpoints.save(state(11), iteration=11)
    assert (checkpoints.folder / "notes.txt").read_text() == "mine"
    assert checkpoints.newest()["iteration"] == 11


@pytest.mark.parametrize("size", [0, 1, 100, 0.5, -1])
def test_a_truncated_newest_file_is_skipped_with_a_note(checkpoints, capsys, size):
    newest = checkpoints.folder / "step_000000010.pt"
    content = newest.read_bytes()
    newest.write_bytes(content[: int(size * len(content)) if isinstance(size, float) else size])
    assert same(checkpoints.newest(), state(9))
    assert "step_000000010.pt: damaged checkpoint skipped" in capsys.readouterr().err


def test_a_flipped_bit_in_the_weights_is_noticed(checkpoints, capsys):
    newest = checkpoints.folder / "step_000000010.pt"
    content = bytearray(newest.read_bytes())
    content[content.index(state(10)["network"]["weight"].numpy().tobytes()[:64]) + 6] ^= 1
    newest.write_bytes(content)
    assert same(checkpoints.newest(), state(9))
    assert "damaged checkpoint skipped" in capsys.readouterr().err


@pytest.mark.parametrize("bit", [0x01, 0x80])
@pytest.mark.parametrize("eighth", range(8))
def test_any_flipped_bit_gives_a_whole_state_and_no_crash(checkpoints, eighth, bit):
    newest = checkpoints.folder / "step_000000010.pt"
    content = newest.read_bytes()
    crashes = []
    for position in range(eighth, len(content), 8 * 3):
        damaged = bytearray(content)
        damaged[position] ^= bit
        newest.write_bytes(damaged)
        try:
            found = checkpoints.newest()
        except Exception as error:
            crashes.append(f"byte {position}: {type(error).__name__}: {error}")
        else:
            assert same(found, state(9)) or same(found, state(10)), position
    assert crashes == []


def test_a_file_of_something_else_is_skipped(checkpoints):
    (checkpoints.folder / "step_000000011.pt").write_text("<html>not found</html>")
    assert same(checkpoints.newest(), state(10))


def test_a_file_that_would_run_code_is_not_run_but_skipped(checkpoints, tmp_path, capsys):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"iteration": Evil()}, checkpoints.folder / "step_000000011.pt")
    assert same(checkpoints.newest(), state(10))
    assert not (tmp_path / "ran").exists()
    (said,) = capsys.readouterr().err.splitlines()
    assert "step_000000011.pt: skipped, holds other objects" in said
    assert "damaged" not in said


def test_where_all_are_damaged_the_folder_is_named(checkpoints):
    for path in checkpoints.folder.iterdir():
        path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(CheckpointError, match="checkpoints: none of its 2 checkpoints can be read"):
        checkpoints.newest()


def test_a_state_that_cannot_be_written_leaves_the_older_ones(checkpoints):
    with pytest.raises(Exception, match=r"pickle|local"):
        checkpoints.save({"iteration": 11, "bad": lambda: None}, iteration=11)
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == [
        "step_000000009.pt",
        "step_000000010.pt",
    ]
