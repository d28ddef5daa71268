"""Training, scoring, abstaining from, applying and explaining a classifier, one run for all."""

from __future__ import annotations

import csv
import json

import nibabel
import numpy as np
import pytest
from classing import CHANNELS, class_data, evaluator, folder, network, selecting, trainer

from monai_mri.engines import (
    choose_abstention,
    evaluate_classes,
    explain_classes,
    fit,
    infer_classes,
)
from monai_mri.engines.weights import read_record
from monai_mri.errors import CheckpointError, ConfigError, ImageError, LeakError, UsageError
from monai_mri.transforms import CubeSymmetryDataset, ReadMRId


@pytest.fixture
def trained(class_cohort, tmp_path):
    net, run = network(), folder(tmp_path / "run")
    fit(
        trainer(net, class_data(class_cohort, "train")),
        run_folder=run,
        evaluator=selecting(net, class_cohort),
    )
    return class_cohort, run


def rows(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))


def test_the_weights_know_their_classes_and_the_training_mean(trained):
    _, run = trained
    assert read_record(run.root / "model.safetensors").classes == ("low", "high")
    history = rows(run.root / "history.csv")
    assert {"val_log_likelihood", "val_loss", "val_accuracy", "val_balanced_accuracy"} <= set(history[0])


def test_the_network_subtracts_the_mean_of_the_training_images(class_cohort, tmp_path):
    net, data = network(), class_data(class_cohort, "train")
    fit(trainer(net, data, epochs=1), run_folder=folder(tmp_path / "run"))
    mean = np.mean([data[place]["image"].numpy() for place in range(len(data))], axis=(0, 2, 3, 4))
    np.testing.assert_allclose(net.mean.flatten().numpy(), mean, rtol=1e-5)


def test_scores_stand_beside_the_majority_class_with_their_intervals(trained):
    manifest, run = trained
    net = network()
    found = evaluate_classes(
        evaluator(net, class_data(manifest, "test")),
        run_folder=run,
        trained_on=class_data(manifest, "train"),
        positive="high",
        draws=50,
    )
    assert found == json.loads((run.evaluation / "summary.json").read_text())
    assert found["classes"] == ["low", "high"]
    assert found["scores"]["accuracy"]["value"] == 1.0
    assert found["scores"]["accuracy"]["low"] < 1.0
    assert np.sum(found["confusion"]) == found["images"] == 4
    assert found["majority"]["accuracy"] == 0.5
    table = rows(run.evaluation / "predictions.csv")
    assert [row["correct"] for row in table] == ["1"] * 4
    assert all(abs(float(row["p_low"]) + float(row["p_high"]) - 1) < 1e-5 for row in table)


def test_subjects_of_the_training_are_refused_unless_allowed_and_then_said(trained):
    manifest, run = trained
    train = class_data(manifest, "train")
    with pytest.raises(LeakError, match=r"were trained on.*allow_trained_subjects"):
        evaluate_classes(evaluator(network(), train), run_folder=run, trained_on=train)
    found = evaluate_classes(
        evaluator(network(), train), run_folder=run, trained_on=train, draws=20, allow_trained_subjects=True
    )
    assert found["trained_subjects_allowed"] is True


def test_the_majority_is_that_of_the_images_below_a_dataset_of_copies(trained):
    manifest, run = trained
    copies = CubeSymmetryDataset(data=class_data(manifest, "train"), keys=["image"])
    net = evaluator(network(), class_data(manifest, "test"))
    found = evaluate_classes(net, run_folder=run, trained_on=copies, draws=20)
    assert found["majority"]["accuracy"] == 0.5
    assert found["positive"] == "high"


def test_other_classes_than_those_of_the_training_are_refused(trained):
    manifest, run = trained
    turned = class_data(manifest, "test", classes={"high": "high", "low": "low"})
    with pytest.raises(ConfigError, match="the weights know low, high"):
        evaluate_classes(evaluator(network(), turned), run_folder=run, trained_on=turned)


def test_the_threshold_of_abstention_is_kept_and_reported(trained):
    manifest, run = trained
    threshold = choose_abstention(selecting(network(), manifest), run_folder=run, accuracy=0.9)
    assert 0 <= threshold <= 1
    assert read_record(run.root / "model.safetensors").threshold == threshold
    found = evaluate_classes(
        evaluator(network(), class_data(manifest, "test")),
        run_folder=run,
        trained_on=class_data(manifest, "train"),
        draws=20,
    )
    chosen = found["abstention"]["chosen"]
    assert chosen["threshold"] == threshold
    assert 0 <= chosen["coverage"] <= 1


def test_no_accuracy_asked_for_chooses_nothing(trained):
    manifest, run = trained
    assert choose_abstention(selecting(network(), manifest), run_folder=run, accuracy=None) is None
    assert read_record(run.root / "model.safetensors").threshold is None


def test_images_without_a_class_get_probabilities(trained, tmp_path):
    from monai_mri.engines import ManifestDataset

    manifest, run = trained
    everything = ManifestDataset(
        manifest=manifest,
        part="all",
        images=CHANNELS,
        mask=None,
        transform=ReadMRId(keys=["image"], mask_keys=[]),
    )
    out = tmp_path / "new"
    found = infer_classes(evaluator(network(), everything), weights=run.root, output_dir=out)
    table = rows(out / "predictions.csv")
    assert len(found) == len(table) == 24
    assert {row["truth"] for row in table} == {""}
    with pytest.raises(UsageError, match="exists already"):
        infer_classes(evaluator(network(), everything), weights=run.root, output_dir=out)


def test_weights_without_classes_are_no_classifier(trained, tmp_path):
    from dataclasses import replace

    from monai_mri.engines.weights import load_weights, save_weights

    manifest, run = trained
    net = network()
    save_weights(net, tmp_path, replace(load_weights(net, run.root), classes=()))
    with pytest.raises(CheckpointError, match="weights of a classifier"):
        infer_classes(
            evaluator(net, class_data(manifest, "test")), weights=tmp_path, output_dir=tmp_path / "new"
        )


def test_maps_lie_on_the_grid_of_their_image_and_are_scored_against_the_truth(trained, tmp_path):
    manifest, run = trained
    truth = np.zeros((8, 8, 8), np.uint8)
    truth[2:5, 2:5, 2:5] = 1
    nibabel.save(nibabel.Nifti1Image(truth, np.eye(4)), tmp_path / "truth.nii.gz")
    atlas = nibabel.Nifti1Image(truth + 1, np.eye(4))
    nibabel.save(atlas, tmp_path / "atlas.nii.gz")
    found = explain_classes(
        evaluator(network(), class_data(manifest, "test")),
        run_folder=run,
        methods=["summed", "grad_cam"],
        truth=tmp_path / "truth.nii.gz",
        atlas=tmp_path / "atlas.nii.gz",
        sheets=0,
    )
    assert [row["method"] for row in found["methods"]] == ["summed", "grad_cam"]
    assert found["images"] == 4
    maps = sorted((run.root / "explanation/summed").glob("*.nii.gz"))
    assert nibabel.load(maps[0]).shape == (8, 8, 8)
    assert {row["region"] for row in rows(run.root / "explanation/regions.csv")} >= {"label 1", "label 2"}


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"methods": ["magic"]}, ConfigError, "summed, cam, grad_cam, hires_cam, occlusion"),
        ({"target": "odd"}, ConfigError, "expected one of low, high"),
    ],
)
def test_an_unknown_method_or_class_is_refused(trained, settings, error, message):
    manifest, run = trained
    with pytest.raises(error, match=message):
        explain_classes(evaluator(network(), class_data(manifest, "test")), run_folder=run, **settings)


def test_a_truth_on_another_grid_is_refused(trained, tmp_path):
    manifest, run = trained
    nibabel.save(nibabel.Nifti1Image(np.ones((9, 8, 8), np.uint8), np.eye(4)), tmp_path / "t.nii.gz")
    with pytest.raises(ImageError, match="E209"):
        explain_classes(
            evaluator(network(), class_data(manifest, "test")), run_folder=run, truth=tmp_path / "t.nii.gz"
        )


def test_the_last_weights_can_be_kept(class_cohort, tmp_path):
    net, run = network(), folder(tmp_path / "run")
    data = class_data(class_cohort, "train")
    fit(trainer(net, data, epochs=3), run_folder=run, evaluator=selecting(net, class_cohort), keep="last")
    assert read_record(run.root / "model.safetensors").epoch == 3
    with pytest.raises(ConfigError, match="expected best or last"):
        fit(trainer(net, data, epochs=3), run_folder=run, keep="first")


def truth_mask(path):
    truth = np.zeros((8, 8, 8), np.uint8)
    truth[2:5, 2:5, 2:5] = 1
    nibabel.save(nibabel.Nifti1Image(truth, np.eye(4)), path)
    return path


def everyone(manifest, run):
    """All images as if nobody was known to the weights, so that the groups are large enough to compare."""
    from dataclasses import replace

    from monai_mri.engines.weights import load_weights, save_weights

    net = network()
    record = load_weights(net, run.root)
    save_weights(net, run.root, replace(record, subjects=(), selected_on=()))
    return evaluator(network(), class_data(manifest, "all"))


def test_groups_are_compared_by_every_method_and_by_the_images_themselves(trained, tmp_path):
    manifest, run = trained
    found = explain_classes(
        everyone(manifest, run),
        run_folder=run,
        methods=["summed", "hires_cam"],
        target="high",
        truth=truth_mask(tmp_path / "truth.nii.gz"),
        sheets=0,
        permutations=200,
    )
    by_method = {row["method"]: row for row in found["groups"]}
    assert list(by_method) == ["images", "summed", "hires_cam"]
    images = by_method["images"]
    assert images["n"] == [8, 8]
    assert images["p"] <= 0.05
    assert 0 < images["differ_in_truth"] <= images["voxels_that_differ"] <= images["voxels"]
    drawn = nibabel.load(run.root / "explanation/images/group_t_corrected.nii.gz").get_fdata()
    assert (drawn > 0).sum() == images["voxels_that_differ"]
    assert (run.root / "explanation/hires_cam/group_mni.png").stat().st_size > 1000
    table = rows(run.root / "explanation/group_regions.csv")
    assert {row["method"] for row in table} <= set(by_method)


def test_maps_of_people_who_were_trained_on_are_not_compared(trained):
    manifest, run = trained
    found = explain_classes(
        evaluator(network(), class_data(manifest, "all")),
        run_folder=run,
        methods=["summed"],
        target="high",
        sheets=0,
    )
    assert found["groups"] == []
    assert "were trained on" in found["groups_note"]


def test_too_few_people_are_not_compared(trained):
    manifest, run = trained
    found = explain_classes(
        evaluator(network(), class_data(manifest, "test")), run_folder=run, methods=["summed"], sheets=0
    )
    assert found["groups"] == []
    assert "2 people of 'high' and 2 others" in found["groups_note"]


def test_maps_of_each_images_own_class_are_not_compared(trained):
    manifest, run = trained
    found = explain_classes(
        everyone(manifest, run), run_folder=run, methods=["summed", "grad_cam"], sheets=0, permutations=50
    )
    assert [row["method"] for row in found["groups"]] == ["images", "summed"]
    assert "set target" in found["groups_note"]


@pytest.mark.parametrize("cover", ["mean", 0.0])
def test_occlusion_covers_boxes_of_a_size_in_mm(trained, cover):
    manifest, run = trained
    explain_classes(
        evaluator(network(), class_data(manifest, "test")),
        run_folder=run,
        methods=["occlusion"],
        sheets=0,
        occlusion_box_mm=4.0,
        occlusion_cover=cover,
    )
    (first, *_) = sorted((run.root / "explanation/occlusion").glob("*.nii.gz"))
    assert np.ptp(nibabel.load(first).get_fdata()) > 0


def test_settings_of_the_occlusion_out_of_range_are_named(trained):
    manifest, run = trained
    test = class_data(manifest, "test")
    with pytest.raises(ConfigError, match="occlusion_box_mm"):
        explain_classes(evaluator(network(), test), run_folder=run, occlusion_box_mm=0)
    with pytest.raises(ConfigError, match="expected a number or mean"):
        explain_classes(evaluator(network(), test), run_folder=run, occlusion_cover="median")
