from __future__ import annotations

import pytest

from monai_mri import __version__


def test_help_lists_every_command_with_its_summary(run):
    result = run("--help")
    assert result.exit_code == 0
    for name in ("manifest", "metrics", "phantom"):
        assert name in result.output
    assert "Score the mask PRED" in result.output


def test_version_is_the_packages(run):
    assert __version__ in run("--version").output


def test_help_starts_within_0_3_seconds(processor_seconds):
    assert processor_seconds("--help") <= 0.3


@pytest.mark.parametrize("words", [("--help",), ("manifest", "--help"), ("metrics", "--help")])
def test_help_imports_nothing_heavy(process, words):
    result = process(*words, PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "click" in imported
    assert not imported & {"torch", "monai", "numpy", "pandas", "pydantic", "nibabel", "scipy", "PIL"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion_script_is_printed(process, shell):
    result = process(_MONAI_MRI_COMPLETE=f"{shell}_source")
    assert result.returncode == 0
    assert "_MONAI_MRI_COMPLETE" in result.stdout


@pytest.mark.parametrize(
    ("typed", "expected"), [("m", {"manifest", "metrics"}), ("manifest s", {"split", "show", "summary"})]
)
def test_shell_completion_knows_commands_and_subcommands(process, typed, expected):
    words = f"monai-mri {typed}"
    result = process(
        _MONAI_MRI_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1)
    )
    assert {line.rpartition(",")[2] for line in result.stdout.split()} == expected


def test_a_misspelt_command_is_a_usage_error_with_the_nearest_name(run):
    result = run("metricks")
    assert result.exit_code == 2
    assert "did you mean 'metrics'?" in result.stderr


def test_a_misspelt_option_is_a_usage_error(run):
    assert run("metrics", "--fromat", "json", "a", "b").exit_code == 2
