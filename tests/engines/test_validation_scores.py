"""Scores of the validation part beside those of the test part."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from picturing import Same, picture_data, score, write_pictures

from monai_mri.engines import AxialInferer, Evaluator, RunFolder, Volumes, evaluate_validation, save_weights
from monai_mri.engines.weights import read_record
from monai_mri.errors import LeakError, UsageError
from monai_mri.manifest import make_splits, read_manifest, splits_path, write_splits


@pytest.fixture
def parted(tmp_path):
    """Manifest of six people, two of them in the validation part and two in the test part."""
    manifest = write_pictures(tmp_path)
    write_splits(splits_path(manifest), make_splits(read_manifest(manifest), test=2, validation=2, seed=0))
    return manifest


def validated(manifest, folder, **settings):
    evaluator = Evaluator(
        device="cpu", network=Same(), dataset=picture_data(manifest, "validation"), inferer=AxialInferer()
    )
    return evaluate_validation(evaluator, run_folder=RunFolder(folder, study="brain_tumor"), **settings)


def summary_of(folder):
    return json.loads((folder / "evaluation/summary.json").read_text())


def test_they_stand_under_validation_and_are_those_of_an_evaluation_of_that_part(parted, tmp_path):
    run, alone = tmp_path / "run", tmp_path / "alone"
    test = score(picture_data(parted, "test"), run, volumes=Volumes())
    validated(parted, run)
    found = summary_of(run)
    expected = score(picture_data(parted, "validation"), alone, volumes=Volumes())
    assert found["validation"]["per_slice"] == expected["per_slice"]
    assert found["validation"]["per_volume"] == expected["per_volume"]
    assert {key: found[key] for key in test} == test


def test_subjects_that_chose_the_epoch_are_taken_and_those_trained_on_refused(parted, tmp_path):
    score(picture_data(parted, "test"), tmp_path / "run", volumes=Volumes())
    path = tmp_path / "run/model.safetensors"
    people = picture_data(parted, "validation").subjects
    record = read_record(path)
    save_weights(
        Same(),
        tmp_path / "run",
        replace(record, selected_on=record.with_subjects(trained_on=people).subjects),
    )
    assert validated(parted, tmp_path / "run")["part"] == "validation"
    save_weights(Same(), tmp_path / "run", record.with_subjects(trained_on=people))
    with pytest.raises(LeakError, match="were trained on"):
        validated(parted, tmp_path / "run")


def test_without_an_evaluation_of_the_test_part_there_is_nothing_to_add_to(parted, tmp_path):
    score(picture_data(parted, "test"), tmp_path / "run", volumes=Volumes())
    (tmp_path / "run/evaluation/summary.json").unlink()
    with pytest.raises(UsageError, match="evaluate the test part first"):
        validated(parted, tmp_path / "run")


def test_without_a_validation_part_nothing_is_added(parted, tmp_path):
    splits_path(parted).unlink()
    write_splits(splits_path(parted), make_splits(read_manifest(parted), test=2, validation=0, seed=0))
    score(picture_data(parted, "test"), tmp_path / "run", volumes=Volumes())
    assert validated(parted, tmp_path / "run") == {}
    assert "validation" not in summary_of(tmp_path / "run")
