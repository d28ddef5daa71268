"""A run is gone on with only as what it was begun: the same data, people and settings."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from building import build_trainer
from classing import trained_run

from monai_mri.engines import RunFolder, fit
from monai_mri.engines.weights import read_record
from monai_mri.errors import CheckpointError
from monai_mri.manifest import make_splits, read_manifest, write_splits


def test_run_of_another_fold_is_not_gone_on_with(cohort, tmp_path):
    manifest = read_manifest(cohort)
    folds = tmp_path / "folds.splits.json"
    write_splits(folds, make_splits(manifest, folds=3, validation=0, seed=0))
    folder = RunFolder(tmp_path / "run", study="x")
    for fold in (0, 1):
        trainer = build_trainer(cohort, max_epochs=1)
        trainer.dataset.data.data.splits_path, trainer.dataset.data.data.fold = folds, fold
        if fold == 0:
            fit(trainer, run_folder=folder)
        else:
            with pytest.raises(CheckpointError, match="fold: was 0, is 1"):
                fit(trainer, run_folder=folder)


def test_parts_count_the_people_and_images_of_the_classes(class_cohort, tmp_path):
    run = trained_run(class_cohort, tmp_path / "run", epochs=1)
    parts = run.read_json("run.json")["parts"]
    assert parts["train"] == {"subjects": 8, "images": 8, "samples": 8}
    assert parts["validation"] == {"subjects": 4, "images": 4, "samples": 4}


def test_the_weights_know_image_columns_labels_and_only_the_people_that_were_used(class_cohort, tmp_path):
    run = trained_run(class_cohort, tmp_path / "run", epochs=1, channels=("second", "first"))
    record = read_record(run.root / "model.safetensors")
    assert record.images_from == ("second", "first")
    assert record.labels == (("low",), ("high",))
    assert len(record.selected_on) == 4


def test_a_run_is_not_gone_on_with_when_the_order_of_classes_changed(class_cohort, tmp_path):
    trained_run(class_cohort, tmp_path / "run", epochs=1)
    with pytest.raises(CheckpointError, match="classes: was"):
        trained_run(class_cohort, tmp_path / "run", epochs=2, classes={"high": "high", "low": "low"})


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"optimizer": partial(torch.optim.Adam, lr=0.5)}, "optimizer::lr: was 0.01, is 0.5"),
        ({"optimizer": partial(torch.optim.SGD, lr=0.01, momentum=0.9)}, "optimizer::_target_"),
        ({"loss_function": torch.nn.BCEWithLogitsLoss()}, "loss::_target_"),
        ({"batch_size": 5}, "batch_size: was 6, is 5"),
    ],
)
def test_run_with_other_settings_is_not_gone_on_with(make_trainer, tmp_path, changed, named):
    folder = RunFolder(tmp_path, study="x")
    fit(make_trainer(max_epochs=1), run_folder=folder)
    with pytest.raises(CheckpointError, match=named):
        fit(make_trainer(max_epochs=1, **changed), run_folder=folder)


def test_augmentation_that_changed_is_named(make_trainer, tmp_path):
    folder = RunFolder(tmp_path, study="x")
    fit(make_trainer(max_epochs=1), run_folder=folder)
    trainer = make_trainer(max_epochs=1)
    trainer.dataset.augment = {"gain": 0.2}
    with pytest.raises(CheckpointError, match=r"dataset::augment::gain: was 0\.1, is 0\.2"):
        fit(trainer, run_folder=folder)


def test_more_epochs_of_a_run_without_schedule_are_trained(make_trainer, tmp_path):
    folder = RunFolder(tmp_path, study="x")
    fit(make_trainer(max_epochs=1, lr_schedule=None), run_folder=folder)
    fit(make_trainer(max_epochs=3, lr_schedule=None), run_folder=folder)
    fit(make_trainer(max_epochs=3, lr_schedule=None), run_folder=RunFolder(tmp_path / "whole", study="x"))
    first, second = (path / "model.safetensors" for path in (tmp_path, tmp_path / "whole"))
    assert first.read_bytes() == second.read_bytes()
