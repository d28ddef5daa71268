"""`monai-mri study`: what it refuses, what it prints, and that looking costs no PyTorch."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from monai_mri.study.design import Design, DesignVariant, write_design

BUNDLE = Path(__file__).resolve().parents[2] / "bundles" / "migraine"


@pytest.fixture
def folder(tmp_path):
    """A study of one variant and two repeats that was begun, and of which nothing was run."""
    facts = {"protocol": "honest", "layers": (), "settings": {}, "folds": 1}
    variant = DesignVariant(layers=(), settings={}, config_sha256={})
    design = Design(
        study="migraine",
        primary_metric="scores.accuracy",
        variants={"honest": variant},
        repeats=2,
        manifest_sha256="a",
        splits_sha256="b",
        **facts,
    )
    write_design(tmp_path / "study", design)
    return tmp_path / "study"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--variant", "honnest"), "did you mean honest?"),
        (("--set", "max_epochs"), "not of the form KEY=VALUE"),
        (("--repeats", "0"), "x>=1"),
        (("--protocol", "fair"), "'fair' is not one of"),
    ],
)
def test_a_wrong_request_is_exit_two_and_makes_no_folder(run, tmp_path, words, said):
    result = run("study", "run", BUNDLE, "--output", tmp_path / "new", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("command", ["run", "status", "table"])
def test_a_folder_of_something_else_is_refused_by_every_command(run, tmp_path, command):
    (tmp_path / "thesis.doc").touch()
    result = run("study", command, BUNDLE, "--output", tmp_path)
    assert result.exit_code == 2
    assert "study.json" in result.stderr


def test_status_lists_every_run(run, folder):
    lines = run("study", "status", BUNDLE, "--output", folder).stdout.splitlines()
    assert [line.split() for line in lines[1:3]] == [["honest", str(n), "0", "to", "do", "-"] for n in (0, 1)]
    assert lines[-1] == "2 runs: 2 to do"
    found = json.loads(run("study", "status", BUNDLE, "--output", folder, "--json").stdout)
    assert [one["state"] for one in found] == ["to do"] * 2
    assert found[0] | {"variant": "honest", "repeat": 0, "fold": 0, "metric": None} == found[0]


@pytest.mark.parametrize("form", ["text", "csv", "markdown"])
def test_a_table_without_a_finished_run_still_has_its_lines(run, folder, form):
    result = run("study", "table", BUNDLE, "--output", folder, "--format", form)
    assert result.exit_code == 0
    assert "repeat 1" in result.stdout
    assert "0.57" in result.stdout
    assert "not comparable" in result.stdout + result.stderr


@pytest.mark.parametrize("words", [["--help"], ["status", str(BUNDLE), "--output"]])
def test_looking_does_not_import_pytorch(folder, words):
    words = [*words, str(folder)] if words[-1] == "--output" else words
    code = (
        "import sys; from monai_mri.cli import main\n"
        f"main(['study', *{words!r}], standalone_mode=False)\n"
        "sys.exit('torch' in sys.modules or 'monai' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("form", ["text", "csv", "markdown", "json"])
def test_the_cost_of_a_network_is_measured_without_data(run, form):
    words = ("--variant", "gap", "--set", "spatial_shape=[8,8,8]", "--device", "cpu", "--format", form)
    result = run("study", "complexity", BUNDLE, *words)
    assert result.exit_code == 0, result.stderr
    assert "MigraineCNN" in result.stdout
    assert "multiply-add" in (result.stderr if form == "csv" else result.stdout)


@pytest.mark.parametrize("form", ["text", "csv", "markdown", "json"])
def test_ctrl_c_prints_what_was_measured_until_then(run, monkeypatch, form):
    from monai_mri.study import complexity

    measured, done = complexity._measured, []

    def interrupted(*arguments):
        if done:
            signal.raise_signal(signal.SIGINT)
        done.append(True)
        return measured(*arguments)

    monkeypatch.setattr(complexity, "_measured", interrupted)
    words = ("--set", "spatial_shape=[8,8,8]", "--device", "cpu", "--format", form, "--batch-size", "1")
    result = run("study", "complexity", BUNDLE, "--variant", "gap", "--variant", "honest", *words)
    assert result.exit_code == 130
    assert result.stdout.count("MigraineCNN") == 1
    assert "stopped early, not measured: " in (result.stderr if form == "csv" else result.stdout)
