"""The NMOSD bundle: the paper's settings, and real scans through the commands."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import torch
from monai.bundle import ConfigParser

from monai_mri.engines import ManifestDataset
from monai_mri.engines.bundle import checked_config
from monai_mri.engines.weights import read_record
from monai_mri.manifest import read_manifest, write_manifest
from monai_mri.study import read_protocol

TINY = "--set image_size=25 --set shift=1 --set pretrained=none --set batch_size=4"


@pytest.fixture(scope="session")
def bundle_folder(repository):
    return repository / "bundles" / "nmosd"


def built(bundle, key, **settings):
    """A component of a variant's training."""
    return ConfigParser(checked_config(bundle, "train", **settings)).get_parsed_content(key)


def test_settings_are_those_of_the_paper(bundle_folder):
    network = built(bundle_folder, "network_def", protocol="paper")
    assert (network.depth, network.spatial_shape, network.in_channels) == (18, (100, 100, 100), 1)
    assert [(block[0].in_channels, block[0].out_channels) for block in network.compress] == [(100, 32)] * 2
    assert (network.compress[0][0].kernel_size, network.compress[0][0].stride) == ((7, 7), (3, 3))
    assert network.dropout.p == 0.15
    assert network.weights == "imagenet"
    protocol = read_protocol(bundle_folder)
    assert (protocol.repeats, protocol.folds) == (15, 5)


def test_learning_rate_falls_by_a_tenth_every_ten_epochs(bundle_folder):
    optimizer = built(bundle_folder, "optimizer")([torch.nn.Parameter(torch.zeros(1))])
    schedule = built(bundle_folder, "lr_schedule")(optimizer)
    rates = []
    for _ in range(21):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert rates[0] == rates[9] == 0.01
    assert rates[10] == pytest.approx(0.009)
    assert rates[20] == pytest.approx(0.0081)


@pytest.fixture
def with_maps(bundle_folder, cohort_of, tmp_path):
    """Samples of the bundle's training, the lesion maps changed by a function and saved again."""

    def samples(change, *, channels=("mask",), program="train", **settings):
        cohort = read_manifest(cohort_of(bundle_folder))
        rows = cohort.rows()[:2]
        for row in rows:
            image = nib.load(cohort.resolve(row["mask"]))
            maps = change(np.asarray(image.dataobj, dtype=np.float32))
            nib.save(nib.Nifti1Image(maps, image.affine), tmp_path / f"{row['subject_id']}.nii")
            shutil.copy(cohort.resolve(row["flair"]), tmp_path)
            row |= {"flair": Path(row["flair"]).name, "mask": f"{row['subject_id']}.nii"}
        settings |= {"manifest": str(write_manifest(tmp_path / "m.csv", rows).path), "image_size": 25}
        config = checked_config(bundle_folder, program, settings=settings | {"channels": list(channels)})
        steps = "train::preprocessing" if program == "train" else "preprocessing"
        data = ManifestDataset(
            manifest=tmp_path / "m.csv",
            part="all",
            images=channels,
            mask=None,
            beside={"guide": "flair"},
            transform=ConfigParser(config).get_parsed_content(steps),
        )
        return torch.stack([data[row]["image"].as_tensor() for row in range(2)])

    return samples


@pytest.mark.parametrize("program", ["train", "infer"])
@pytest.mark.parametrize("channels", [("mask",), ("flair", "mask"), ("mask", "flair")])
def test_lesion_maps_of_any_labels_are_seen_as_0_to_1(with_maps, channels, program):
    wanted = with_maps(lambda maps: maps, channels=channels, program=program)
    lesions = wanted[:, list(channels).index("mask")]
    assert float(lesions.min()) == 0
    assert 0.1 < float(lesions.max()) <= 1
    for factor in (2, 255):
        assert torch.equal(with_maps(lambda maps, by=factor: by * maps, channels=channels), wanted)


def test_lesion_maps_of_probabilities_and_those_that_no_setting_names_are_refused(with_maps):
    with pytest.raises(RuntimeError) as error:
        with_maps(lambda maps: maps * 0.7)
    assert "[E305]" in str(error.value.__cause__)
    with pytest.raises(RuntimeError) as error:
        with_maps(lambda maps: maps * 255, lesion_maps=[])
    assert "name its column among the lesion maps" in str(error.value.__cause__)


@pytest.mark.parametrize("program", ["train", "infer"])
def test_of_a_lesion_map_on_another_grid_the_map_is_at_fault_not_the_flair(with_maps, program):
    with pytest.raises(RuntimeError) as error:
        with_maps(lambda maps: maps[:-1], program=program)
    assert re.search(r"sub-001\.nii: another grid.*the grid of .*_flair\.nii", str(error.value.__cause__))


@pytest.mark.parametrize("layer", ["resnet3d", "resnet3d_34", "densenet121_3d"])
def test_3d_networks_take_the_same_volumes(bundle_folder, layer):
    network = built(bundle_folder, "network_def", layers=[layer]).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 1, 33, 33, 33)).shape == (1, 2)


def test_class_weights_are_one_setting(bundle_folder):
    loss = built(bundle_folder, "loss", settings={"class_weights": [1.0, 3.0]})
    assert loss.weights == [1.0, 3.0]


@pytest.mark.slow
def test_real_scans_are_told_by_a_network_of_the_phantom(
    bundle_folder, real_data, cohort_of, monai_mri, tmp_path, monkeypatch
):
    monkeypatch.setenv("MONAI_MRI_DATA", str(real_data))
    run = f"run {bundle_folder}"
    monai_mri(f"{run} train {TINY} --set max_epochs=1 --set manifest={cohort_of(bundle_folder)}")
    for path in (bundle_folder.parents[1] / "data_manifests").glob("nmosd.example*"):
        shutil.copy(path, tmp_path)
    monai_mri(f"{run} infer --set image_size=25 --set manifest=nmosd.example.csv")
    with (tmp_path / "predictions/predictions.csv").open() as file:
        found = list(csv.DictReader(file))
    assert [row["subject_id"] for row in found] == ["patient07", "patient19"]
    assert [float(row["p_ms"]) + float(row["p_nmosd"]) for row in found] == pytest.approx([1, 1], abs=2e-6)


@pytest.mark.slow
def test_a_training_starts_from_one_of_the_tumour_study(bundle_folder, cohort_of, monai_mri, tmp_path):
    tumours = bundle_folder.with_name("brain_tumor")
    slices = cohort_of(tumours)
    small = "--set image_size=[48,48] --set shift=4 --set batch_size=4 --set pretrained=none"
    where = f"--set backbone=resnet18 --set manifest={slices} --set output_dir=first"
    monai_mri(f"run {tumours} train {small} {where} --set max_epochs=1")
    tiny = TINY.replace("pretrained=none", "pretrained=first")
    monai_mri(
        f"run {bundle_folder} train {tiny} --set max_epochs=1 --set manifest={cohort_of(bundle_folder)}"
    )
    started = json.loads((tmp_path / "runs/nmosd/run.json").read_text())["started_from"]
    assert started["weights"] == "first"
    assert len(started["starts"]) == 1


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(bundle_folder, one_and_two):
    """Without dropout, whose draws are a process's own, and in steps so small that rounding does not grow."""
    changed = {"network_def::dropout": 0.0, "optimizer::lr": 0.0001, "image_size": 61}
    one, two = one_and_two(bundle_folder, **changed)
    curves = [pd.read_csv(folder / "history.csv") for folder in (one, two)]
    np.testing.assert_allclose(curves[1].train_loss, curves[0].train_loss, rtol=1e-3)
    records = [read_record(folder / "model.safetensors") for folder in (one, two)]
    assert records[0].subjects == records[1].subjects
