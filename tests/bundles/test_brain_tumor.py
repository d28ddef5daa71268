"""The tumour bundle: the paper's settings, and real slices through every command."""

from __future__ import annotations

import csv
import json

import numpy as np
import pandas as pd
import pytest
import torch
from monai.bundle import ConfigParser
from PIL import Image

from monai_mri.engines.bundle import checked_config
from monai_mri.engines.weights import read_record

SMALL = (
    "--set manifest=brisc.csv --set image_size=[48,48] --set shift=4 --set batch_size=4 "
    "--set max_epochs=1 --set pretrained=none"
)
RESNETS = (
    "--set voters::resnet50::network::backbone=resnet18 "
    "--set voters::inception_v3::network::backbone=resnet18"
)
FEATURES = ("--set", "network_def::features=[8, 8, 16, 16, 32, 8]")


@pytest.fixture(scope="session")
def bundle_folder(repository):
    return repository / "bundles" / "brain_tumor"


def built(bundle, key, **settings):
    """A component of a training."""
    return ConfigParser(checked_config(bundle, "train", **settings)).get_parsed_content(key)


def test_classifiers_are_trained_as_published(bundle_folder):
    config = checked_config(bundle_folder, "train", protocol="paper")
    assert (config["max_epochs"], config["batch_size"], config["image_size"]) == (40, 30, [256, 256])
    assert config["patience"] is not None
    assert (config["keep"], config["select"]) == ("best", "log_likelihood")
    assert built(bundle_folder, "optimizer", protocol="paper").keywords == {"lr": 0.001}
    network = built(bundle_folder, "network_def", protocol="paper")
    assert network.weights == "imagenet"
    pixels = torch.rand(2, 3, 8, 8)
    assert torch.equal(network.standardise(pixels), pixels)


@pytest.mark.parametrize("layers", [["segment"], ["segment", "deeplabv3plus"]])
def test_segmenters_are_trained_as_published(bundle_folder, layers):
    config = checked_config(bundle_folder, "train", protocol="paper", layers=layers)
    assert (config["max_epochs"], config["batch_size"], config["slices"]) == (60, 30, "with_lesion")
    assert built(bundle_folder, "optimizer", protocol="paper", layers=layers).keywords == {"lr": 0.0003}
    assert type(built(bundle_folder, "loss", protocol="paper", layers=layers)).__name__ == "DiceLoss"


@pytest.fixture
def brisc(real_data, monai_mri, tmp_path, monkeypatch):
    """A manifest of 24 real slices, six of each class, parted."""
    monkeypatch.setenv("MONAI_MRI_DATA", str(real_data))
    monai_mri(
        f"manifest create class-folders {real_data / 'brisc2025'} -o all.csv --option preset=brisc2025",
        *("--root-is", "env:MONAI_MRI_DATA"),
    )
    rows = pd.read_csv(tmp_path / "all.csv", dtype=str, keep_default_na=False)
    chosen = rows.groupby("label").head(6)
    chosen.to_csv(tmp_path / "brisc.csv", index=False)
    sidecar = json.loads((tmp_path / "all.json").read_text())
    used = {*chosen["image"], *chosen["mask"]}
    sidecar["files"] = {name: facts for name, facts in sidecar["files"].items() if name in used}
    (tmp_path / "brisc.json").write_text(json.dumps(sidecar))
    monai_mri("manifest split brisc.csv --test 0.34 --validation 0.25 --stratify label")
    return chosen.set_index("subject_id")


@pytest.mark.slow
def test_real_slices_go_through_vote_segmenters_and_pipeline(
    bundle_folder, real_data, brisc, monai_mri, tmp_path
):
    run = f"run {bundle_folder}"
    for name in ("first", "second"):
        seed = f"--set seed={len(name)} --set backbone=resnet18 --set output_dir={name}"
        monai_mri(f"{run} train {SMALL} {seed}")
    assert read_record(tmp_path / "first/model.safetensors").classes == ("no_tumor", "tumor")
    segmenter = f"--layer segment {SMALL} --set output_dir=unet"
    said = monai_mri(f"{run} train {segmenter}", *FEATURES)
    assert "slices, which have no mask" in said
    monai_mri(f"{run} evaluate {segmenter}", *FEATURES)
    summary = json.loads((tmp_path / "unet/evaluation/summary.json").read_text())
    assert len(pd.read_csv(tmp_path / "unet/evaluation/slices.csv")) == 6
    assert summary["per_slice"]["scores"]["dice"]["n"] == 6
    own = ("--set", "weights={resnet50: first, inception_v3: second, inception_resnet_v2: null}")
    monai_mri(f"{run} evaluate --layer vote {SMALL} {RESNETS} --set output_dir=vote", *own)
    vote = json.loads((tmp_path / "vote/evaluation/summary.json").read_text())
    assert vote["images"] == 8
    absent = "inception_v3: null, inception_resnet_v2: null, deeplabv3plus: null"
    members = ("--set", f"weights={{resnet50: first, unet: unet, {absent}}}")
    net = ("--set", "segmenters::unet::network::features=[8, 8, 16, 16, 32, 8]")
    rest = "--set input=brisc.csv --set part=test --set output_dir=found --set mask_of=unet"
    monai_mri(f"{run} infer {rest} --set backbone=resnet18 --set image_size=[48,48]", *members, *net)
    with (tmp_path / "found/slices.csv").open() as file:
        found = {row["sample_id"]: row for row in csv.DictReader(file)}
    assert len(found) == 8
    for name, row in found.items():
        mask = np.asarray(Image.open(next((tmp_path / "found/masks").glob(f"{name}_mask.*"))))
        with Image.open(real_data / brisc.loc[name, "image"]) as picture:
            assert mask.shape == picture.size[::-1]
        assert row["vote"] == "tumor" or not mask.any()
    assert (tmp_path / "found/summary.json").is_file()
