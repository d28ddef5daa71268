"""What a training writes about itself into the header of its weights."""

from __future__ import annotations

from building import build_evaluator, build_trainer
from classing import CHANNELS, trained_run

from monai_mri.engines import RunFolder, fit
from monai_mri.engines.recording import kind_of, record_of
from monai_mri.engines.weights import read_record


def test_a_training_keeps_the_kind_of_its_images_and_what_changes_its_answers(cohort, tmp_path):
    trainer = build_trainer(cohort, max_epochs=1)
    fit(
        trainer,
        run_folder=RunFolder(tmp_path, study="x"),
        evaluator=build_evaluator(cohort, trainer.network),
    )
    record = read_record(tmp_path / "model.safetensors")
    assert record.images_kind == "nifti"
    assert record.settings["network_def"]["output"] == "logit"
    assert record.settings["inferer"] == {"spatial_size": None}


def test_a_training_without_evaluator_does_not_know_how_images_are_shown(cohort, tmp_path):
    fit(build_trainer(cohort, max_epochs=1), run_folder=RunFolder(tmp_path, study="x"))
    assert "inferer" not in read_record(tmp_path / "model.safetensors").settings


def test_a_classifier_keeps_its_classes_and_columns(class_cohort, tmp_path):
    run = trained_run(class_cohort, tmp_path, epochs=1)
    record = read_record(run.root / "model.safetensors")
    assert (record.classes, record.labels) == (("low", "high"), (("low",), ("high",)))
    assert record.images_from == CHANNELS
    assert record.selected_on


def test_subjects_are_kept_as_hashes(cohort, tmp_path):
    trainer = build_trainer(cohort)
    record = record_of(trainer, RunFolder(tmp_path, study="x"), epoch=1, selected_on=["sub-005"])
    assert len(record.subjects) == len(trainer.dataset.subjects)
    assert "sub-" not in str(record.subjects + record.selected_on)


def test_files_of_both_kinds_are_of_no_kind():
    assert kind_of(["a.JPG", "b.tif"]) == "picture"
    assert kind_of([["a.nii", "a.NII.GZ"]]) == "nifti"
    assert kind_of(["a.png", ["b.nii.gz"]]) == kind_of([]) == ""
