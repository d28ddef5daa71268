"""Trainings that start from other trainings, and what they remember of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from classing import class_data, evaluator, folder, network, selecting, trained_run, trainer

from monai_mri.engines import evaluate_classes, fit
from monai_mri.engines.weights import load_weights, read_record
from monai_mri.errors import CheckpointError, LeakError
from monai_mri.manifest import make_splits, read_manifest, splits_path, write_splits


class Starting(type(network())):
    """The small classifier, which can start from a run."""

    def __init__(self, weights: Path | str) -> None:
        super().__init__(in_channels=("first", "second"), patch_size=8, filters=(2, 4))
        self.weights = str(weights)

    def load_pretrained(self) -> None:
        if self.weights != "none":
            load_weights(self, Path(self.weights))


def started(manifest: Path, path: Path, *, weights: Path | str):
    run, net = folder(path), Starting(weights)
    fit(
        trainer(net, class_data(manifest, "train"), epochs=1),
        run_folder=run,
        evaluator=selecting(net, manifest),
    )
    return run


def split_anew(manifest: Path) -> None:
    """Other parts: some of those who were trained on are tested now."""
    splits_path(manifest).unlink(missing_ok=True)
    splits = make_splits(read_manifest(manifest), test=6, validation=6, stratify=["label"], seed=1)
    write_splits(splits_path(manifest), splits)


def knew(manifest: Path) -> set[str]:
    """Who takes part in a training with the parts as they are."""
    return {*class_data(manifest, "train").subjects, *class_data(manifest, "validation").subjects}


def scored(manifest: Path, run) -> dict:
    data = class_data(manifest, "test")
    return evaluate_classes(
        evaluator(Starting("none"), data), run_folder=run, trained_on=class_data(manifest, "train")
    )


def test_weights_remember_whom_the_first_training_knew(class_cohort, tmp_path):
    first = trained_run(class_cohort, tmp_path / "first", epochs=1)
    record = read_record(first.root / "model.safetensors")
    second = started(class_cohort, tmp_path / "second", weights=first.root)
    third = started(class_cohort, tmp_path / "third", weights=second.root / "model.safetensors")
    (start,) = read_record(second.root / "model.safetensors").starts
    assert start.tensors_sha256 == record.tensors_sha256
    assert set(start.subjects) == {*record.subjects, *record.selected_on}
    assert [one.tensors_sha256 for one in read_record(third.root / "model.safetensors").starts] == [
        read_record(second.root / "model.safetensors").tensors_sha256,
        record.tensors_sha256,
    ]
    assert json.loads((second.root / "run.json").read_text())["started_from"]["weights"] == str(first.root)


def test_nothing_is_remembered_of_fresh_weights(class_cohort, tmp_path):
    run = started(class_cohort, tmp_path, weights="none")
    assert read_record(run.root / "model.safetensors").starts == ()


def test_an_evaluation_on_people_that_the_start_was_trained_on_is_refused(class_cohort, tmp_path):
    first = trained_run(class_cohort, tmp_path / "first", epochs=1)
    split_anew(class_cohort)
    run = started(class_cohort, tmp_path / "second", weights=first.root)
    with pytest.raises(LeakError, match="trained on by the weights that this training started from"):
        scored(class_cohort, run)


def test_the_same_ids_of_another_manifest_are_said_and_scored(class_cohort, tmp_path, capsys):
    first, known = trained_run(class_cohort, tmp_path / "first", epochs=1), knew(class_cohort)
    head, *lines = class_cohort.read_text().splitlines()
    class_cohort.write_text("\n".join([f"{head},note", *(f"{line},x" for line in lines)]) + "\n")
    split_anew(class_cohort)
    run = started(class_cohort, tmp_path / "second", weights=first.root)
    summary = scored(class_cohort, run)
    namesakes = known & set(class_data(class_cohort, "test").subjects)
    assert summary["namesakes_of_start"] == len(namesakes) > 0
    assert summary["trained_subjects_allowed"] is False
    said = capsys.readouterr()
    assert "if they are the same people, the scores flatter" in said.out + said.err


def test_a_start_with_a_flipped_bit_is_refused(class_cohort, tmp_path):
    first = trained_run(class_cohort, tmp_path / "first", epochs=1)
    path = first.root / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="SHA-256 differs"):
        started(class_cohort, tmp_path / "second", weights=first.root)
    assert not (tmp_path / "second/model.safetensors").exists()
