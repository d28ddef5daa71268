"""Training, scoring, abstaining from, and applying a classifier, one run for all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from classing import CHANNELS, class_data, evaluator, folder, network, rows, selecting, trainer

from monai_mri.engines import (
    choose_abstention,
    evaluate_classes,
    explain_classes,
    fit,
    infer_classes,
)
from monai_mri.engines.class_evaluate import require_same_data
from monai_mri.engines.weights import WeightsRecord, load_weights, read_record, save_weights
from monai_mri.errors import CheckpointError, ConfigError, ImageError, LeakError, UsageError
from monai_mri.transforms import CubeSymmetryDataset, ReadMRId


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


def test_the_last_weights_can_be_kept(class_cohort, tmp_path):
    net, run = network(), folder(tmp_path / "run")
    data = class_data(class_cohort, "train")
    fit(trainer(net, data, epochs=3), run_folder=run, evaluator=selecting(net, class_cohort), keep="last")
    assert read_record(run.root / "model.safetensors").epoch == 3
    with pytest.raises(ConfigError, match="expected best or last"):
        fit(trainer(net, data, epochs=3), run_folder=run, keep="first")


def test_the_summary_names_the_image_columns_and_says_what_is_left_out(trained, capsys):
    manifest, run = trained
    found = evaluate_classes(
        evaluator(network(), class_data(manifest, "test")),
        run_folder=run,
        trained_on=class_data(manifest, "train"),
        draws=5,
    )
    assert found["images_from"] == ["first", "second"]
    assert "left out of test: 2 of 6 images, of other labels: odd 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"channels": ("second", "first")}, r"second, first asked for.*trained on first, second"),
        (
            {"classes": {"low": "high", "high": "low"}},
            r"\{low: \[high\], high: \[low\]\} asked for.*\{low: \[low\], high: \[high\]\}",
        ),
        ({"classes": {"low": ["low", "odd"], "high": "high"}}, r"\[low, odd\].*give the labels"),
    ],
)
def test_other_columns_or_labels_than_those_of_the_training_are_refused(trained, settings, message):
    manifest, run = trained
    other = class_data(manifest, "test", **settings)
    with pytest.raises(ConfigError, match=message):
        evaluate_classes(evaluator(network(), other), run_folder=run, trained_on=other)
    with pytest.raises(ConfigError, match=message):
        explain_classes(evaluator(network(), other), run_folder=run)
    assert not run.evaluation.exists()


def test_labels_of_a_class_may_stand_in_another_order(class_cohort):
    data = class_data(class_cohort, "test", classes={"low": ["odd", "low"], "high": "high"})
    record = WeightsRecord(
        study="test",
        network="",
        epoch=1,
        manifest_sha256="",
        splits_sha256="",
        classes=("low", "high"),
        labels=(("low", "odd"), ("high",)),
    )
    require_same_data(record, data)
    with pytest.raises(ConfigError, match="give the labels"):
        require_same_data(replace(record, labels=(("low",), ("high",))), data)
    require_same_data(replace(record, labels=()), data)


def test_a_positive_class_that_does_not_exist_is_refused_before_scoring(trained, tmp_path):
    manifest, run = trained
    test = class_data(manifest, "test")
    with pytest.raises(ConfigError, match="positive: 'ill' found, expected one of classes: low, high"):
        evaluate_classes(
            evaluator(network(), test),
            run_folder=run,
            trained_on=test,
            weights=tmp_path / "none",
            positive="ill",
        )


def test_an_image_of_another_shape_is_named(trained):
    manifest, run = trained
    test = class_data(manifest, "test")
    path = Path(test.data.rows[test.order[0]]["image"][1])
    for channel in CHANNELS:
        other = path.with_name(path.name.replace("second", channel))
        nibabel.save(nibabel.Nifti1Image(np.ones((7, 8, 8), np.float32), np.eye(4)), other)
    with pytest.raises(ImageError, match=r"_first\.nii\.gz: shape \(7, 8, 8\) found, expected \(8, 8, 8\)"):
        evaluate_classes(evaluator(network(), test), run_folder=run, trained_on=class_data(manifest, "train"))


def test_the_chosen_threshold_counts_what_it_keeps_with_an_interval(trained):
    manifest, run = trained
    weights = run.root / "model.safetensors"
    net = network()
    for threshold, kept in ((0.0, 4), (1.0, 0)):
        record = load_weights(net, run.root)
        save_weights(net, run.root, replace(record, threshold=threshold))
        assert read_record(weights).threshold == threshold
        found = evaluate_classes(
            evaluator(network(), class_data(manifest, "test")),
            run_folder=run,
            trained_on=class_data(manifest, "train"),
            draws=5,
        )
        chosen, accuracy = found["abstention"]["chosen"], found["scores"]["accuracy"]
        assert (chosen["n"], chosen["kept"], chosen["coverage"]) == (4, kept, kept / 4)
        expected = [accuracy[end] for end in ("value", "low", "high")] if kept else [None] * 3
        assert [chosen[name] for name in ("accuracy", "low", "high")] == expected
