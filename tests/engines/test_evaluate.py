"""Evaluation: figures that can be worked out by hand, and whom it refuses to score."""

from __future__ import annotations

import csv
import json

import nibabel as nib
import numpy as np
import pytest
import torch
from building import build_dataset
from monai.transforms import Activationsd

from monai_mri.engines import AxialInferer, Evaluator, RunFolder, SliceDataset, evaluate, save_weights
from monai_mri.engines.weights import WeightsRecord
from monai_mri.errors import CheckpointError, LeakError, UsageError


class Copy(torch.nn.Module):
    """Gives the image back, scaled: with `gain` 1 the cohort's plaques are above 1, all else below."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gain = torch.nn.Parameter(torch.tensor(gain))

    def forward(self, image):
        return self.gain * image


@pytest.fixture
def run(cohort, tmp_path):
    """Saves weights for a network that copies the image, and evaluates them on a part."""

    def prepare(*, gain=1.0, threshold=0.9, subjects=("sub-001",), part="test", slices=None, **settings):
        collapsed = settings.pop("collapsed", False)
        if "given" in settings:
            settings["threshold"] = settings.pop("given")
        record = WeightsRecord(
            study="x",
            network="Copy",
            epoch=1,
            manifest_sha256="",
            splits_sha256="s",
            threshold=threshold,
            raw_threshold=0.7,
            collapsed=collapsed,
        ).with_subjects(trained_on=subjects)
        save_weights(Copy(gain), tmp_path, record)
        dataset = build_dataset(cohort, part)
        evaluator = Evaluator(
            device="cpu",
            network=Copy(0.0),
            dataset=dataset if slices is None else SliceDataset(data=dataset, slices=slices),
            inferer=AxialInferer(),
            postprocessing=Activationsd(keys="pred", sigmoid=True),
        )
        return evaluate(evaluator, run_folder=RunFolder(tmp_path, study="x"), **settings)

    return prepare


def test_network_that_finds_the_plaques_scores_one(run):
    summary = run()
    network = summary["methods"][0]
    assert network["pooled"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "dice": 1.0, "jaccard": 1.0}
    assert network["per_scan"]["hd_mm"]["mean"] == 0.0
    assert (network["lesions"]["truth"], network["lesions"]["detected"], network["lesions"]["false"]) == (
        2,
        2,
        0,
    )
    assert summary["collapsed"] is False


def test_files_hold_what_the_summary_says(run, tmp_path):
    summary = run()
    assert json.loads((tmp_path / "evaluation" / "summary.json").read_text()) == summary
    rows = list(csv.DictReader((tmp_path / "evaluation" / "subjects.csv").read_text().splitlines()))
    assert {row["method"] for row in rows} == {"network", "raw_50", "raw_45", "raw_40", "raw_tuned"}
    assert {row["sample_id"] for row in rows} == {"sub-006"}
    prediction = nib.load(tmp_path / summary["samples"][0]["prediction"])
    truth = nib.load(summary["samples"][0]["mask"])
    np.testing.assert_array_equal(prediction.get_fdata(), truth.get_fdata())
    np.testing.assert_array_equal(prediction.affine, truth.affine)


def test_network_that_marks_nothing_is_called_collapsed(run):
    summary = run(gain=-1.0, threshold=0.999)
    network = summary["methods"][0]
    assert summary["collapsed"]
    assert network["collapsed"]
    assert network["pooled"]["precision"] is None
    assert network["counts"]["missed"] == 1
    assert network["per_scan"]["hd95_mm"] == {"mean": None, "sd": None, "n": 0, "undefined": 1}


def test_subjects_that_were_trained_on_are_refused(run, tmp_path):
    with pytest.raises(LeakError, match=r"1 of the subjects to evaluate were trained on \(sub-006\)"):
        run(subjects=("sub-001", "sub-006"))
    assert not (tmp_path / "evaluation").exists()


def test_subjects_that_were_trained_on_can_be_scored_when_said_so(run):
    assert run(subjects=("sub-006",), allow_trained_subjects=True)["trained_subjects_allowed"]


def test_weights_without_threshold_are_refused(run):
    with pytest.raises(CheckpointError, match="hold no threshold"):
        run(threshold=None)


def test_slices_with_plaque_are_scored_one_by_one(run, tmp_path):
    summary = run(slices="with_lesion")
    assert summary["slices"] == "with_lesion"
    assert [sample["sample_id"] for sample in summary["samples"]] == ["sub-006_z000", "sub-006_z001"]
    assert [sample["plane"] for sample in summary["samples"]] == [0, 1]
    assert summary["methods"][0]["counts"]["scans"] == 2
    assert all((tmp_path / sample["prediction"]).is_file() for sample in summary["samples"])


def test_each_subject_is_compared_with_its_own_files(cohort, run):
    summary = run(part="train", subjects=("sub-006",))
    for sample in summary["samples"]:
        assert sample["subject_id"] in sample["image"]
        assert sample["subject_id"] in sample["mask"]
    assert len(summary["samples"]) == 4


def test_evaluation_of_other_weights_is_set_aside(run, tmp_path):
    first = run()["weights_sha256"]
    RunFolder(tmp_path, study="x").set_evaluation_aside(unless=first)
    assert (tmp_path / "evaluation" / "summary.json").is_file()
    RunFolder(tmp_path, study="x").set_evaluation_aside(unless="f" * 64)
    assert not (tmp_path / "evaluation").exists()
    assert (tmp_path / f"evaluation-of-{first[:8]}" / "summary.json").is_file()


def test_predictions_of_an_earlier_evaluation_go(run, tmp_path):
    run(slices="with_lesion")
    run()
    names = {path.name for path in (tmp_path / "evaluation" / "predictions").iterdir()}
    assert names == {"sub-006_mask.nii.gz", "sub-006_probability.nii.gz"}


def test_collapse_found_in_training_is_said_in_the_summary(run):
    assert run(collapsed=True)["collapsed"]
    assert run(collapsed=True, threshold=None)["methods"][0]["counts"]["missed"] == 1


def test_threshold_that_is_given_is_used_and_needs_no_chosen_one(run):
    summary = run(threshold=None, given=0.9)
    assert (summary["threshold"], summary["threshold_part"]) == (0.9, "")
    assert summary["methods"][0]["label"] == "Copy at threshold 0.900"
    assert summary["methods"][0]["pooled"]["f1"] == 1.0
    assert run(threshold=0.9, given=0.001)["methods"][0]["pooled"]["precision"] < 0.1


def test_threshold_that_is_chosen_says_where(run):
    assert run()["threshold_part"] == "train"


@pytest.mark.parametrize(("shares", "names"), [((), []), ((30,), ["raw_30", "raw_tuned"])])
def test_baselines_are_those_asked_for(run, shares, names):
    assert [method["name"] for method in run(raw_shares=shares)["methods"]] == ["network", *names]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"given": 1.5}, "threshold: 1.5 found"),
        ({"given": 0.0}, "threshold: 0.0 found"),
        ({"raw_shares": (50, 0)}, "raw_shares: 0 found"),
    ],
)
def test_values_out_of_range_are_refused_before_anything_is_read(run, tmp_path, settings, message):
    with pytest.raises(UsageError, match=message):
        run(**settings)
    assert not (tmp_path / "evaluation").exists()


def test_without_volumes_nothing_is_said_of_slices(run, tmp_path):
    assert not {"per_slice", "lesion_free", "per_volume"} & run(slices="all").keys()
    assert not (tmp_path / "evaluation" / "slices.csv").exists()
