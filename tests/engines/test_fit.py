"""A training run: what it writes, how it stops, and that a kill changes nothing."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from classing import class_data, evaluator, network, trained_run
from safetensors.torch import load_file

from monai_mri.engines import RunFolder, TensorBoard, evaluate_classes, fit
from monai_mri.engines.checkpoint import Checkpoints
from monai_mri.engines.weights import read_record
from monai_mri.errors import CheckpointError, ManifestError, NonFiniteLossError
from monai_mri.manifest import make_splits, read_manifest, splits_path, write_splits

EPOCHS = 3
TIME_COLUMNS = 2  # the last ones: seconds and data_wait


def test_run_folder_holds_weights_history_and_record(make_trainer, make_evaluator, tmp_path):
    fit(make_trainer(), run_folder=RunFolder(tmp_path, study="ms_plaque"), evaluator=make_evaluator())
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["parts"]["train"]["subjects"] == 4
    assert run["parts"]["validation"]["subjects"] == 1
    assert run["epochs"] == EPOCHS
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert lines[0] == "epoch,train_loss,val_f1,val_threshold,learning_rate,seconds,data_wait"
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    assert len((tmp_path / "history.jsonl").read_text().splitlines()) == EPOCHS
    assert read_record(tmp_path / "model.safetensors").epoch == run["best_epoch"]
    assert set(torch.load(tmp_path / "model.pt", weights_only=True)) == set(
        load_file(tmp_path / "model.safetensors")
    )


def test_two_runs_with_one_seed_are_bit_identical(make_trainer, make_evaluator, tmp_path):
    for name in ("a", "b"):
        fit(make_trainer(), run_folder=RunFolder(tmp_path / name, study="x"), evaluator=make_evaluator())
    assert_same_run(tmp_path / "a", tmp_path / "b")


def test_another_seed_gives_another_run(make_trainer, tmp_path):
    for seed in (0, 1):
        fit(make_trainer(seed=seed), run_folder=RunFolder(tmp_path / str(seed), study="x"))
    weights = [load_file(tmp_path / str(seed) / "model.safetensors") for seed in (0, 1)]
    assert any(not torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_pretrained_weights_are_read_where_a_training_starts_and_not_where_it_goes_on(make_trainer, tmp_path):
    read = []

    def begin() -> None:
        trainer = make_trainer()
        trainer.network.load_pretrained = lambda: read.append(trainer.network.state_dict())
        fit(trainer, run_folder=RunFolder(tmp_path, study="x"))

    begin()
    assert len(read) == 1
    begin()
    assert len(read) == 1


@pytest.mark.parametrize("stop_at", [1, 3, 4, 6])
def test_run_stopped_at_any_step_ends_as_one_that_was_not(make_trainer, make_evaluator, tmp_path, stop_at):
    fit(make_trainer(), run_folder=RunFolder(tmp_path / "whole", study="x"), evaluator=make_evaluator())
    broken = RunFolder(tmp_path / "broken", study="x")
    with pytest.raises(SystemExit) as stop:
        fit(make_trainer(stop_at=stop_at), run_folder=broken, evaluator=make_evaluator())
    assert stop.value.code == 143
    fit(make_trainer(), run_folder=broken, evaluator=make_evaluator())
    assert_same_run(tmp_path / "whole", tmp_path / "broken")


def test_run_stopped_in_validation_ends_as_one_that_was_not(make_trainer, make_evaluator, tmp_path):
    fit(make_trainer(), run_folder=RunFolder(tmp_path / "whole", study="x"), evaluator=make_evaluator())
    broken = RunFolder(tmp_path / "broken", study="x")
    with pytest.raises(SystemExit):
        fit(make_trainer(), run_folder=broken, evaluator=make_evaluator(stop_in_epoch=2))
    fit(make_trainer(), run_folder=broken, evaluator=make_evaluator())
    assert_same_run(tmp_path / "whole", tmp_path / "broken")


def test_finished_run_is_not_trained_again(make_trainer, tmp_path):
    folder = RunFolder(tmp_path, study="x")
    fit(make_trainer(), run_folder=folder)
    before = (tmp_path / "model.safetensors").read_bytes()
    trainer = make_trainer()
    fit(trainer, run_folder=folder)
    assert (tmp_path / "model.safetensors").read_bytes() == before
    assert trainer.loss_count == Checkpoints(folder.checkpoints).newest()["loss"][1]


def test_state_of_another_seed_is_refused(make_trainer, tmp_path):
    fit(make_trainer(), run_folder=RunFolder(tmp_path, study="x"))
    with pytest.raises(CheckpointError, match="seed: was 0, is 1"):
        fit(make_trainer(seed=1), run_folder=RunFolder(tmp_path, study="x"))


def test_nan_in_an_image_stops_the_run_and_names_the_tile(make_trainer, tmp_path):
    trainer = make_trainer(poisoned="sub-001")
    with pytest.raises(NonFiniteLossError, match=r"loss is nan on .*sub-001_z00\d tile at row"):
        fit(trainer, run_folder=RunFolder(tmp_path, study="x"))
    assert not (tmp_path / "model.safetensors").exists()
    assert all(torch.isfinite(value).all() for value in trainer.plain_network.state_dict().values())


def test_tracking_hides_neither_a_nan_nor_a_stop(make_trainer, tmp_path):
    folder = RunFolder(tmp_path, study="x")
    with pytest.raises(NonFiniteLossError):
        fit(
            make_trainer(poisoned="sub-001", train_handlers=(TensorBoard(run_folder=folder),)),
            run_folder=folder,
        )
    with pytest.raises(SystemExit):
        fit(make_trainer(stop_at=2, train_handlers=(TensorBoard(run_folder=folder),)), run_folder=folder)


def test_tensorboard_shows_loss_and_validation(make_trainer, make_evaluator, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = RunFolder(tmp_path, study="x")
    trainer = make_trainer(train_handlers=(TensorBoard(run_folder=folder),))
    fit(trainer, run_folder=folder, evaluator=make_evaluator())
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert {"train/loss", "val_f1", "learning_rate"} <= set(events.Tags()["scalars"])
    assert len(events.Scalars("val_f1")) == EPOCHS


def test_splits_without_validation_keep_the_last_epoch(
    cohort, make_trainer, make_evaluator, tmp_path, capsys
):
    trainer, evaluator = make_trainer(), make_evaluator()
    splits = tmp_path / "two.splits.json"
    write_splits(splits, make_splits(read_manifest(cohort), test=0.5, validation=0, seed=0))
    trainer.dataset.data.data.splits_path = evaluator.dataset.splits_path = splits
    fit(trainer, run_folder=RunFolder(tmp_path / "run", study="x"), evaluator=evaluator)
    assert read_record(tmp_path / "run" / "model.safetensors").epoch == EPOCHS
    assert "no validation part" in capsys.readouterr().err


def test_file_missing_in_any_part_is_said_before_training(make_trainer, tmp_path):
    trainer = make_trainer()
    table = trainer.dataset.data.data.manifest.table
    table.loc[table.subject_id == "sub-006", "flair"] = "sub-006/gone.nii.gz"
    with pytest.raises(ManifestError, match=r"1 of its files are not there, first sub-006/gone\.nii\.gz"):
        fit(trainer, run_folder=RunFolder(tmp_path / "run", study="x"))
    assert not (tmp_path / "run").exists()


def test_undefined_metric_is_never_the_best(make_trainer, make_evaluator, tmp_path):
    evaluator = make_evaluator(undefined_in=(1, 3))
    fit(make_trainer(), run_folder=RunFolder(tmp_path, study="x"), evaluator=evaluator)
    assert read_record(tmp_path / "model.safetensors").epoch == 2
    assert (tmp_path / "history.csv").read_text().splitlines()[1].split(",")[2] == ""


def test_metric_that_is_never_defined_keeps_the_last_weights(make_trainer, make_evaluator, tmp_path):
    evaluator = make_evaluator(undefined_in=(1, 2, 3))
    fit(make_trainer(), run_folder=RunFolder(tmp_path, study="x"), evaluator=evaluator)
    assert read_record(tmp_path / "model.safetensors").epoch == EPOCHS


def test_patience_ends_a_run_that_does_not_improve(make_trainer, make_evaluator, tmp_path):
    evaluator = make_evaluator(falling=True)
    folder = RunFolder(tmp_path, study="x")
    fit(make_trainer(max_epochs=8), run_folder=folder, evaluator=evaluator, patience=2)
    assert json.loads((tmp_path / "run.json").read_text())["epochs"] == 3
    again = make_trainer(max_epochs=8)
    fit(again, run_folder=folder, evaluator=make_evaluator(falling=True), patience=2)
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 4


@pytest.mark.slow
def test_five_kills_at_random_points_change_no_bit(cohort, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run_training(cohort, whole).wait(timeout=120) == 0
    rng = random.Random(0)
    for _ in range(5):
        process = run_training(cohort, killed)
        wait_for_a_step(process, killed)
        time.sleep(rng.uniform(0, 0.4))
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
    assert run_training(cohort, killed).wait(timeout=120) == 0
    assert_same_run(whole, killed)


@pytest.mark.slow
def test_sigterm_saves_says_how_to_go_on_and_exits_143(cohort, tmp_path):
    process = run_training(cohort, tmp_path, stderr=subprocess.PIPE)
    wait_for_a_step(process, tmp_path)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "the same command goes on from there" in errors
    assert Checkpoints(tmp_path / "checkpoints").newest() is not None


def split_by_class(manifest: Path, part_of_high: str) -> None:
    """All people of class high in one part; of the others a third each in train, validation and test."""
    rows = read_manifest(manifest).rows()
    parts = ("train", "validation", "test")
    assign = {
        row["subject_id"]: part_of_high if row["label"] == "high" else parts[number % 3]
        for number, row in enumerate(sorted(rows, key=lambda row: row["label"]))
    }
    write_splits(
        splits_path(manifest),
        make_splits(read_manifest(manifest), test=0, validation=0, seed=0, assign=assign),
    )


def test_a_class_without_images_to_train_on_is_named_before_training(class_cohort, tmp_path):
    split_by_class(class_cohort, "test")
    with pytest.raises(ManifestError, match="part 'train' has no image of class 'high'"):
        trained_run(class_cohort, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_class_that_validation_lacks_is_said_and_noted_once(class_cohort, tmp_path, capsys):
    split_by_class(class_cohort, "train")
    run = trained_run(class_cohort, tmp_path / "run", epochs=1)
    trained_run(class_cohort, tmp_path / "run", epochs=2)
    (note,) = run.read_json("run.json")["notes"]
    assert note.startswith("The validation part has no image of class 'high'")
    assert f"warning: {note}" in capsys.readouterr().err


def test_images_of_other_labels_are_counted_before_training(class_cohort, tmp_path, capsys):
    trained_run(class_cohort, tmp_path / "run", epochs=1)
    said = capsys.readouterr().err.splitlines()
    assert said[:2] == [
        "left out of train: 4 of 12 images, of other labels: odd 4",
        "left out of validation: 2 of 6 images, of other labels: odd 2",
    ]


def test_the_evaluation_of_an_earlier_classifier_is_set_aside(class_cohort, tmp_path):
    run = trained_run(class_cohort, tmp_path / "run", epochs=1)
    step = evaluator(network(), class_data(class_cohort, "test"))
    scored = evaluate_classes(step, run_folder=run, trained_on=class_data(class_cohort, "train"), draws=5)
    trained_run(class_cohort, tmp_path / "run", epochs=1)
    assert run.evaluation.is_dir()
    for path in run.checkpoints.iterdir():
        path.unlink()
    trained_run(class_cohort, tmp_path / "run", epochs=2, copies={"high": 2})
    assert not run.evaluation.exists()
    assert (run.root / f"evaluation-of-{scored['weights_sha256'][:8]}/summary.json").is_file()


def test_the_evaluation_of_an_earlier_segmenter_is_set_aside(make_trainer, tmp_path):
    run = RunFolder(tmp_path, study="x")
    fit(make_trainer(), run_folder=run)
    scored = read_record(tmp_path / "model.safetensors").tensors_sha256
    run.write_json("evaluation/summary.json", {"weights_sha256": scored})
    fit(make_trainer(), run_folder=run)
    assert run.evaluation.is_dir()
    for path in run.checkpoints.iterdir():
        path.unlink()
    fit(make_trainer(seed=1), run_folder=run)
    assert not run.evaluation.exists()
    assert (run.root / f"evaluation-of-{scored[:8]}/summary.json").is_file()


def run_training(cohort: Path, output: Path, *, stderr: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    """`fit` in a process of its own, slowed to 50 ms a step so that a kill finds it at work."""
    command = [sys.executable, str(Path(__file__).with_name("training_process.py")), str(cohort), str(output)]
    return subprocess.Popen(command, stderr=stderr, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


def wait_for_a_step(process: subprocess.Popen[str], output: Path) -> None:
    known = {path.name for path in (output / "checkpoints").glob("step_*.pt")}
    deadline = time.monotonic() + 90
    while process.poll() is None and time.monotonic() < deadline:
        if {path.name for path in (output / "checkpoints").glob("step_*.pt")} - known:
            return
        time.sleep(0.01)


def assert_same_run(first: Path, second: Path) -> None:
    assert (first / "model.safetensors").read_bytes() == (second / "model.safetensors").read_bytes()
    histories = [(folder / "history.csv").read_text().splitlines() for folder in (first, second)]
    timeless = [[line.rsplit(",", TIME_COLUMNS)[0] for line in lines] for lines in histories]
    assert timeless[0] == timeless[1]
    states = [Checkpoints(folder / "checkpoints").newest() for folder in (first, second)]
    assert states[0]["iteration"] == states[1]["iteration"]
    for part in ("network", "optimizer", "lr_schedule"):
        assert_equal(states[0][part], states[1][part])


def assert_equal(first: object, second: object) -> None:
    if isinstance(first, torch.Tensor):
        assert torch.equal(first, second)
    elif isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            assert_equal(first[key], second[key])
    elif isinstance(first, list):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert_equal(one, other)
    else:
        assert first == second
