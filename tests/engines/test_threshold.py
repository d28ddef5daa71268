from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from monai.transforms import Compose, CopyItemsd, ScaleIntensityd, ScaleIntensityRanged
from torch import nn

from monai_mri.engines import (
    AxialInferer,
    Evaluator,
    ManifestDataset,
    RunFolder,
    SliceDataset,
    choose_threshold,
)
from monai_mri.engines.weights import WeightsRecord, load_weights, read_record, save_weights
from monai_mri.errors import CheckpointError, LeakError
from monai_mri.transforms import ReadMRId

TRAINED = ["sub-001", "sub-002", "sub-003", "sub-004"]
RECORD = WeightsRecord("test", "Conv2d", 2, "m", "s", threshold=0.9).with_subjects(trained_on=TRAINED)


def copier(*, weight: float = 1.0, bias: float = 0.0) -> nn.Module:
    """A 1 x 1 convolution whose map is weight * image + bias."""
    network = nn.Conv2d(1, 1, 1)
    nn.init.constant_(network.weight, weight)
    nn.init.constant_(network.bias, bias)
    return network


def slices(manifest: Path, *, which: str = "with_lesion", label=None) -> SliceDataset:
    """Slices whose image is the FLAIR signal over 256, plaques near 0.625 and tissue near 0.39."""
    steps = [
        ReadMRId(keys=["image", "label"], mask_keys=["label"]),
        CopyItemsd(keys="image", names="raw"),
        ScaleIntensityd(keys="raw", minv=0.0, maxv=1.0),
        ScaleIntensityRanged(keys="image", a_min=0, a_max=256, b_min=0, b_max=1, clip=True),
    ]
    if label is not None:
        steps.append(lambda sample: sample | {"label": label(sample)})
    data = ManifestDataset(manifest=manifest, part="train", images=["flair"], transform=Compose(steps))
    return SliceDataset(data=data, slices=which)


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return RunFolder(tmp_path / "run", study="test")


def choose(folder: RunFolder, dataset: SliceDataset, network: nn.Module, **settings) -> float:
    save_weights(network, folder.root, RECORD)
    engine = Evaluator(device="cpu", network=copier(weight=7), dataset=dataset, inferer=AxialInferer())
    return choose_threshold(engine, run_folder=folder, **settings)


def best_by_hand(dataset: SliceDataset, key: str, *, bins: int) -> tuple[float, list[float]]:
    maps = np.concatenate([np.asarray(sample[key]).ravel() for sample in dataset.samples])
    truth = np.concatenate([np.asarray(sample["label"]).ravel() for sample in dataset.samples]) > 0
    scores = np.array(
        [
            2 * (truth & (maps >= at / bins)).sum() / (truth.sum() + (maps >= at / bins).sum())
            for at in range(1, bins + 1)
        ]
    )
    return float(scores.max()), ((np.flatnonzero(scores == scores.max()) + 1) / bins).tolist()


@pytest.mark.parametrize("which", ["with_lesion", "all"])
def test_the_threshold_is_the_best_of_all_over_the_pixels_of_the_slices(cohort, folder, which):
    data = slices(cohort, which=which)
    threshold = choose(folder, data, copier(), bins=256)
    f1, thresholds = best_by_hand(data, "image", bins=256)
    assert threshold in thresholds
    table = folder.read_json("threshold.json")
    assert table["f1"] == pytest.approx(f1, rel=1e-12)
    assert table["threshold"] == threshold
    assert table["collapsed"] is False


def test_the_known_threshold_between_two_grey_values_is_found_exactly(cohort, folder):
    def two_values(sample):
        return (sample["image"] > 0.5).float()

    assert choose(folder, slices(cohort, label=two_values), copier(), bins=2) == 0.5
    assert folder.read_json("threshold.json")["f1"] == pytest.approx(1, abs=1e-3)


def test_the_weights_of_the_run_are_used_not_those_of_the_evaluator_and_stay_as_they_are(cohort, folder):
    choose(folder, slices(cohort), copier(weight=0.5, bias=0.25), bins=256)
    other = copier(weight=3)
    load_weights(other, folder.root)
    assert float(other.weight.detach()) == 0.5
    assert float(other.bias.detach()) == 0.25


def test_thresholds_join_the_record_and_leave_the_rest_of_it(cohort, folder):
    data = slices(cohort)
    threshold = choose(folder, data, copier(), bins=256)
    record = read_record(folder.root / "model.safetensors")
    assert record.threshold == threshold
    assert record.raw_threshold in best_by_hand(data, "raw", bins=256)[1]
    assert (record.study, record.epoch, record.subjects) == (RECORD.study, RECORD.epoch, RECORD.subjects)


def test_the_table_holds_the_part_the_counts_and_a_thinned_curve(cohort, folder):
    choose(folder, slices(cohort), copier())
    text = (folder.root / "threshold.json").read_text()
    table = json.loads(text)
    assert "NaN" not in text
    assert (table["part"], table["images"], table["slices"]) == ("train", 4, len(slices(cohort)))
    assert {len(values) for values in table["curve"].values()} == {200}
    assert table["curve"]["threshold"] == sorted(table["curve"]["threshold"])
    assert table["f1"] >= max(value for value in table["curve"]["f1"] if value is not None)


def test_choosing_twice_gives_the_same(cohort, folder):
    first = choose(folder, slices(cohort), copier())
    table = (folder.root / "threshold.json").read_text()
    assert choose(folder, slices(cohort), copier()) == first
    assert (folder.root / "threshold.json").read_text() == table


@pytest.mark.parametrize(("weight", "bias"), [(0.0, 0.3), (0.0, 1e-4), (0.0, 0.0), (-1.0, 1.0)])
def test_a_network_no_better_than_marking_everything_is_reported_as_collapsed(
    cohort, folder, capsys, weight, bias
):
    choose(folder, slices(cohort), copier(weight=weight, bias=bias))
    assert folder.read_json("threshold.json")["collapsed"] is True
    assert "collapsed: no threshold does better" in capsys.readouterr().err


def test_a_network_that_works_is_not_reported(cohort, folder, capsys):
    choose(folder, slices(cohort), copier())
    assert "collapsed" not in capsys.readouterr().err


def test_a_perfect_network_is_not_collapsed_however_large_the_lesions(cohort, folder):
    def nearly_everything(sample):
        return (sample["image"] > 0.01).float()

    choose(folder, slices(cohort, label=nearly_everything), copier())
    table = folder.read_json("threshold.json")
    assert table["f1"] == pytest.approx(1)
    assert table["collapsed"] is False


def test_without_plaque_the_threshold_is_undefined_and_the_record_says_so(cohort, folder):
    def nothing(sample):
        return torch.zeros_like(sample["image"])

    threshold = choose(folder, slices(cohort, which="all", label=nothing), copier())
    assert threshold != threshold
    assert folder.read_json("threshold.json")["threshold"] is None
    assert read_record(folder.root / "model.safetensors").threshold is None


def test_without_trained_weights_the_step_says_to_train_first(cohort, folder):
    engine = Evaluator(device="cpu", network=copier(), dataset=slices(cohort), inferer=AxialInferer())
    with pytest.raises(CheckpointError, match="train first"):
        choose_threshold(engine, run_folder=folder)


def test_slices_of_subjects_that_were_not_trained_on_are_refused(cohort, folder):
    stranger = replace(RECORD, subjects=(), selected_on=()).with_subjects(trained_on=TRAINED[:3])
    save_weights(copier(), folder.root, stranger)
    engine = Evaluator(device="cpu", network=copier(), dataset=slices(cohort), inferer=AxialInferer())
    with pytest.raises(LeakError, match=r"1 subjects that were not trained on \(sub-004\)"):
        choose_threshold(engine, run_folder=folder)
