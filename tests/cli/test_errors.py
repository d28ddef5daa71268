from __future__ import annotations

import signal

import click
import pytest

from monai_mri.cli.errors import HINT, explain, reported
from monai_mri.errors import ConfigError, ImageError, NonFiniteLossError, UsageError


def exit_code_of(error, capsys, *, traceback=False):
    with pytest.raises(click.exceptions.Exit) as end, reported(traceback=traceback):
        raise error
    return end.value.exit_code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("a: b"), 2),
        (ConfigError("a: b"), 2),
        (ImageError("a: b"), 1),
        (NonFiniteLossError("a: b"), 1),
    ],
)
def test_an_error_of_ours_is_its_message_and_its_exit_code(capsys, error, code):
    assert exit_code_of(error, capsys) == (code, "error: a: b\n")


def test_an_error_of_ours_is_found_inside_another(capsys):
    outer = RuntimeError("applying transform <ReadMRId object>")
    outer.__cause__ = ConfigError("train.yaml: epochs: found -1")
    assert exit_code_of(outer, capsys) == (2, "error: train.yaml: epochs: found -1\n")


def test_an_error_of_ours_is_found_in_the_text_of_a_worker_process():
    text = (
        "Caught RuntimeError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n"
        '  File "a.py", line 1, in f\nmonai_mri.errors.ImageError: x.nii: E103 empty file\n\n'
        "The above exception was the direct cause of the following exception:\n\n"
        "RuntimeError: applying transform"
    )
    assert explain(RuntimeError(text)) == (["error: x.nii: E103 empty file"], 1)


def test_any_other_exception_is_its_root_cause_and_a_hint(capsys):
    outer = RuntimeError("Failed to instantiate")
    outer.__cause__ = TypeError("PlaqueFCN() got an unexpected keyword argument 'filter'")
    code, text = exit_code_of(outer, capsys)
    assert code == 1
    assert text == f"error: TypeError: {outer.__cause__}\n{HINT}\n"


def test_only_the_gist_of_a_long_message_is_shown():
    assert explain(ValueError("first line\nsecond"))[0][0] == "error: ValueError: first line"
    assert explain(ValueError())[0][0] == "error: ValueError: no message"
    worker = "Caught KeyError in worker.\nTraceback (most recent call last):\n  File\nKeyError: 'flair'\n"
    assert explain(KeyError(worker))[0][0].startswith("error: KeyError:")


def test_traceback_shows_the_rest_and_keeps_the_exit_code(capsys):
    code, text = exit_code_of(UsageError("a: b"), capsys, traceback=True)
    assert code == 2
    assert text.startswith("Traceback (most recent call last)")
    assert text.endswith("error: a: b\n")


@pytest.fixture
def ctrl_c():
    """Python's own answer to Ctrl-C, which a shell takes away from what it starts in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_with_130(capsys):
    with pytest.raises(click.exceptions.Exit) as end, reported(traceback=False):
        signal.raise_signal(signal.SIGINT)
    assert end.value.exit_code == 130
    assert capsys.readouterr().err == "error: interrupted\n"


@pytest.mark.parametrize("error", [click.UsageError("x"), click.exceptions.Exit(7), SystemExit(143)])
def test_what_is_no_failure_of_ours_passes(error):
    with pytest.raises(type(error)) as passed, reported(traceback=False):
        raise error
    assert passed.value is error


def test_the_option_and_the_variable_show_the_traceback(run, tmp_path):
    words = ("metrics", tmp_path / "a.nii", tmp_path / "b.nii")
    assert run(*words).stderr.count("\n") == 1
    assert "Traceback" in run("--traceback", *words).stderr
    assert "Traceback" in run(*words, env={"MONAI_MRI_TRACEBACK": "1"}).stderr
