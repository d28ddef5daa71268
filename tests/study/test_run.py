"""Real studies on a tiny phantom: the numbers of `monai-mri run`, whatever happens in between."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from study_folders import TINY

from monai_mri.engines.bundle import run_bundle
from monai_mri.errors import TrainingError, UsageError
from monai_mri.study import run_study, study_status
from monai_mri.study.runs import weights_sha256

RESULTS = ("model.safetensors", "evaluation/summary.json", "evaluation/predictions.csv")


@pytest.fixture(scope="module")
def alone(migraine, cohort, tmp_path_factory) -> Path:
    """The run of repeat 1, by the engines alone."""
    folder = tmp_path_factory.mktemp("alone")
    for mode in ("train", "evaluate"):
        settings = TINY | {"manifest": str(cohort), "repeat": 1, "output_dir": str(folder)}
        run_bundle(migraine, mode, settings=settings)
    return folder


@pytest.fixture(scope="module")
def study(migraine, cohort, tmp_path_factory) -> Path:
    """Two repeats of one variant."""
    folder = tmp_path_factory.mktemp("study")
    settings = TINY | {"manifest": str(cohort)}
    run_study(migraine, folder, settings=settings, variants=["honest"], repeats=2)
    return folder


def states(migraine, folder) -> list[str]:
    return [one.state for one in study_status(migraine, folder)]


def test_a_run_of_a_study_is_that_of_the_engines_to_the_bit(study, alone):
    for name in RESULTS:
        assert (study / "honest/repeat-1_fold-0" / name).read_bytes() == (alone / name).read_bytes(), name
    other = study / "honest/repeat-0_fold-0/model.safetensors"
    assert weights_sha256(other) != weights_sha256(alone / "model.safetensors")


def test_what_a_run_prints_stands_in_its_log(study):
    log = (study / "honest/repeat-0_fold-0/log.txt").read_text()
    assert "epoch 2/2" in log
    assert "accuracy" in log


def test_what_is_finished_is_not_done_again_and_more_may_be_asked_for(migraine, cohort, study, capfd):
    before = {path: path.stat().st_mtime_ns for path in study.rglob("repeat-*/*")}
    settings = TINY | {"manifest": str(cohort)}
    run_study(migraine, study, settings=settings, variants=["honest"], repeats=1)
    assert {path: path.stat().st_mtime_ns for path in study.rglob("repeat-*/*")} == before
    capfd.readouterr()
    run_study(migraine, study, settings=settings, variants=["honest"], repeats=3)
    said = capfd.readouterr().err
    assert "2 of them finished before, 1 to do" in said
    assert "3/3 honest repeat 2: accuracy" in said
    assert "epoch" not in said
    assert states(migraine, study) == ["done"] * 3


def test_other_settings_are_refused_before_anything_is_touched(migraine, cohort, study):
    before = (study / "study.json").read_bytes()
    settings = TINY | {"manifest": str(cohort), "max_epochs": 3}
    with pytest.raises(UsageError, match="settings::max_epochs: was '2', is '3'"):
        run_study(migraine, study, settings=settings, variants=["honest"], repeats=1)
    assert (study / "study.json").read_bytes() == before


def test_a_failed_run_is_recorded_and_does_not_stop_the_others(migraine, cohort, tmp_path, capfd):
    settings = TINY | {"manifest": str(cohort), "optimizer::lr": 1e30}
    with pytest.raises(TrainingError, match="2 of 2 runs failed: honest repeat 0, honest repeat 1"):
        run_study(migraine, tmp_path, settings=settings, variants=["honest"], repeats=2)
    found = study_status(migraine, tmp_path)
    assert [one.state for one in found] == ["failed"] * 2
    assert all("loss is" in one.why for one in found)
    assert "2/2 honest repeat 1: failed: " in capfd.readouterr().err
    assert "NonFiniteLossError" in (tmp_path / "honest/repeat-1_fold-0/log.txt").read_text()


def test_a_misspelt_setting_makes_no_folder(migraine, cohort, tmp_path):
    with pytest.raises(UsageError, match="did you mean max_epochs"):
        run_study(migraine, tmp_path / "new", texts={"max_epoch": "1", "manifest": str(cohort)}, repeats=1)
    assert not (tmp_path / "new").exists()


def test_a_run_folder_that_was_edited_is_reported_and_left_alone(migraine, cohort, tmp_path):
    folder = tmp_path / "honest/repeat-0_fold-0"
    settings = TINY | {"manifest": str(cohort)}
    run_study(migraine, tmp_path, settings=settings, variants=["honest"], repeats=1)
    summary = folder / "evaluation/summary.json"
    summary.write_text(summary.read_text().replace("0.5", "0.9"))
    edited = summary.read_bytes()
    with pytest.raises(TrainingError, match="1 of 1 runs failed"):
        run_study(migraine, tmp_path, settings=settings, variants=["honest"], repeats=1)
    assert summary.read_bytes() == edited


@pytest.mark.slow
def test_a_study_that_is_killed_stopped_and_interrupted_ends_as_one_that_was_not(
    migraine, cohort, alone, tmp_path
):
    first, second = (tmp_path / f"honest/repeat-{repeat}_fold-0" for repeat in (0, 1))
    for number, status, moment in (
        (signal.SIGKILL, -signal.SIGKILL, first / "log.txt"),
        (signal.SIGTERM, 143, first / "history.csv"),
        (signal.SIGINT, 130, second / "log.txt"),
    ):
        process = start(migraine, cohort, tmp_path)
        wait_for(moment)
        process.send_signal(number)
        assert process.wait(timeout=60) == status
        assert "done" not in states(migraine, tmp_path)[1:]
    assert start(migraine, cohort, tmp_path).wait(timeout=60) == 0
    for name in RESULTS:
        assert (second / name).read_bytes() == (alone / name).read_bytes(), name


def start(migraine, cohort, folder) -> subprocess.Popen:
    settings = TINY | {"manifest": cohort}
    options = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    command = [sys.executable, "-m", "monai_mri.cli", "study", "run", str(migraine), "--output", str(folder)]
    return subprocess.Popen([*command, *options, "--variant", "honest", "--repeats", "2"])


def wait_for(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.02)
