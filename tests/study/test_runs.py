"""A run's state is told from its folder, and nothing that was put there by hand passes as a result."""

from __future__ import annotations

import shutil

import pytest
from study_folders import fail, finish, scores

from monai_mri.study.runs import read_record, runs_of, state_of, write_record


@pytest.fixture
def done(begun):
    """A study of two repeats that are done."""
    folder, design, runs = begun("honest", repeats=2)
    for run in runs:
        finish(run, design, scores(0.5))
    return folder, design, runs


def kind(run, design):
    return state_of(run, design.identity(run.variant, run.repeat, run.fold)).kind


def why(run, design):
    state = state_of(run, design.identity(run.variant, run.repeat, run.fold))
    assert (state.kind, state.foreign) == ("failed", True)
    return state.why


def test_each_state_is_told_from_the_folder(begun):
    _, design, runs = begun("honest", repeats=4)
    finish(runs[0], design, scores(0.5))
    fail(runs[1], design, "out of luck")
    finish(runs[2], design, scores(0.5))
    write_record(runs[2], read_record(runs[2]).model_copy(update={"results": {}}))
    assert [kind(run, design) for run in runs] == ["done", "failed", "begun", "to do"]
    assert state_of(runs[1], design.identity("honest", 1, 0)).why == "out of luck"


def test_a_removed_summary_is_to_be_made_again(done):
    _, design, runs = done
    (runs[0].folder / "evaluation" / "summary.json").unlink()
    assert kind(runs[0], design) == "begun"


@pytest.mark.parametrize("name", ["evaluation/summary.json", "history.csv"])
def test_a_result_that_was_changed_is_named(done, name):
    _, design, runs = done
    (runs[0].folder / name).write_text((runs[0].folder / name).read_text() + " ")
    assert f"{name} was changed" in why(runs[0], design)


def test_weights_of_another_run_are_named(done):
    _, design, runs = done
    shutil.copy(runs[1].folder / "model.safetensors", runs[0].folder)
    assert "not what evaluation/summary.json scored" in why(runs[0], design)


@pytest.mark.parametrize("content", [None, b"", b"x" * 100])
def test_weights_that_are_gone_or_damaged_are_named(done, content):
    _, design, runs = done
    (runs[0].folder / "model.safetensors").unlink()
    if content is not None:
        (runs[0].folder / "model.safetensors").write_bytes(content)
    assert "gone or damaged" in why(runs[0], design)


def test_a_run_that_was_copied_to_another_place_is_none_of_that_place(done):
    _, design, runs = done
    shutil.rmtree(runs[1].folder)
    shutil.copytree(runs[0].folder, runs[1].folder)
    assert "of another place" in why(runs[1], design)


def test_a_run_of_another_design_is_none_of_this(done, design_of):
    folder, _, _ = done
    other = design_of("honest", repeats=2, settings={"max_epochs": 3})
    assert all("other settings" in why(run, other) for run in runs_of(other, folder))


def test_files_without_a_record_are_left_alone(done):
    _, design, runs = done
    (runs[0].folder / "study_run.json").write_text("{")
    assert "did not write" in why(runs[0], design)


def test_more_repeats_and_variants_leave_the_identity_of_a_run_as_it_is(design_of):
    small, large = design_of("a"), design_of("a", "b", repeats=9, folds=2)
    assert small.identity("a", 0, 0) == large.identity("a", 0, 0)
    assert len({large.identity(*run) for run in [("a", 0, 0), ("a", 0, 1), ("a", 1, 0), ("b", 0, 0)]}) == 4
