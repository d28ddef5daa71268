"""The migraine bundle on real maps, with other networks, and over several processes."""

from __future__ import annotations

import csv
import json
import re
import shutil

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from monai_mri.engines.weights import read_record
from monai_mri.manifest import make_splits, read_manifest, splits_path, write_splits
from monai_mri.phantom import make_migraine_cohort

SMALL = ("--set", "network_def::filters=[4, 4, 4]", "--set", "network_def::hidden=[8]")
OTHERS = {"DenseNet121": "class_layers.relu", "resnet18": "layer4"}


@pytest.fixture(scope="session")
def bundle_folder(repository):
    return repository / "bundles" / "migraine"


@pytest.fixture
def real_maps(real_data, tmp_path):
    """Real white-matter maps at full shape; groups by volume, which serve to run and not to learn."""
    source, folder = real_data / "open_ms_wm_mni", tmp_path / "maps"
    folder.mkdir()
    for path in source.glob("mwc2*.nii"):
        shutil.copy(path, folder)
    people = pd.read_csv(source / "participants.tsv", sep="\t", keep_default_na=False)
    small = people.native_wm_ml.rank(method="first") <= len(people) / 2
    people["group"] = np.where(small, "migraine", "control")
    people.to_csv(folder / "participants.tsv", sep="\t", index=False)
    return folder


@pytest.mark.slow
def test_real_maps_go_through_the_commands_of_the_page(bundle_folder, real_maps, monai_mri, tmp_path):
    run = f"run {bundle_folder}"
    monai_mri("manifest create cat12 maps -o maps.csv --option label=group")
    schema = bundle_folder.parents[1] / "data_manifests" / "migraine.schema.json"
    monai_mri(f"manifest check maps.csv --depth voxels --schema {schema}")
    monai_mri("manifest split maps.csv --test 2 --validation 2 --stratify label --repeats 10")
    where = "--set manifest=maps.csv --set output_dir=runs/migraine"
    monai_mri(f"{run} train {where} --set max_epochs=1", *SMALL)
    monai_mri(f"{run} evaluate {where}", *SMALL)
    summary = json.loads((tmp_path / "runs/migraine/evaluation/summary.json").read_text())
    assert summary["images"] == 2
    with (tmp_path / "runs/migraine/evaluation/predictions.csv").open(newline="") as file:
        tested = [row["subject_id"] for row in csv.DictReader(file)]
    halved = tmp_path / "maps" / f"mwc2{tested[0]}.nii"
    empty_the_left(halved)
    explained = ("--set", "methods=[summed, grad_cam]", "--set", "sheets=1")
    monai_mri(f"{run} explain {where}", *explained, *SMALL)
    for method in ("summed", "grad_cam"):
        for subject in tested:
            image = nib.load(tmp_path / "maps" / f"mwc2{subject}.nii")
            found = nib.load(tmp_path / "runs/migraine/explanation" / method / f"{subject}.nii.gz")
            assert found.shape == image.shape == (121, 145, 121)
            np.testing.assert_array_equal(found.affine, image.affine)
            assert found.affine[0, 0] < 0
    left, right = halves(tmp_path / "runs/migraine/explanation/summed" / f"{tested[0]}.nii.gz")
    assert left.std() < 1e-3 < 1e-2 < right.std()
    monai_mri(f"{run} infer --set input={halved} --set weights=runs/migraine --set output_dir=named", *SMALL)
    assert len((tmp_path / "named/predictions.csv").read_text().splitlines()) == 2


def empty_the_left(path):
    """Take the white matter of the left half out, so that a map of it tells left from right."""
    image = nib.load(path)
    voxels = np.asarray(image.dataobj, dtype=np.float32)
    x_mm = image.affine[0, 0] * np.arange(voxels.shape[0]) + image.affine[0, 3]
    voxels[x_mm < 0] = 0
    nib.save(nib.Nifti1Image(voxels, image.affine), path)


def halves(path):
    """Values well inside the left and the right half, far from the edges of the volume."""
    image = nib.load(path)
    values = image.get_fdata()[:, 30:-30, 30:-30]
    x_mm = image.affine[0, 0] * np.arange(values.shape[0]) + image.affine[0, 3]
    return values[(x_mm > -60) & (x_mm < -20)], values[(x_mm > 20) & (x_mm < 60)]


@pytest.fixture(scope="module")
def cubes(tmp_path_factory):
    """A phantom of the least size that a 3D DenseNet121 takes."""
    path = make_migraine_cohort(
        tmp_path_factory.mktemp("cubes") / "c", subjects=6, shape=(33, 33, 33), progress=False
    )
    splits = make_splits(read_manifest(path), test=2, validation=2, stratify=["label"], seed=0)
    write_splits(splits_path(path), splits)
    return path


def suggested(bundle_folder, name):
    """The line that stands as a comment in train.yaml."""
    text = (bundle_folder / "configs" / "train.yaml").read_text()
    (line,) = re.findall(rf"^# (network_def: .*\.{name},.*)$", text, flags=re.MULTILINE)
    return line


def run_layers(files, **settings):
    """What `python -m monai.bundle run` does with these layers."""
    from monai.bundle import run

    files = [str(path) for path in files]
    run(config_file=files, logging_file=False, **settings)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:parsing config_file:UserWarning")
@pytest.mark.parametrize("name", OTHERS)
def test_suggested_networks_work_as_a_layer_of_ones_own(bundle_folder, cubes, tmp_path, name):
    configs, own = bundle_folder / "configs", tmp_path / "own.yaml"
    own.write_text(suggested(bundle_folder, name) + "\n")
    shared = {"manifest": str(cubes), "output_dir": str(tmp_path / "run"), "device": "cpu"}
    train = configs / "train.yaml"
    run_layers([train, own], **shared, max_epochs=1)
    run_layers([train, own, configs / "evaluate.yaml"], **shared)
    run_layers(
        [train, own, configs / "explain.yaml"], **shared, methods=["grad_cam"], sheets=0, permutations=0
    )
    image = next(cubes.parent.glob("mwc2*.nii"))
    out = {"output_dir": str(tmp_path / "named"), "device": "cpu"}
    run_layers([configs / "inference.yaml", own], input=str(image), weights=str(tmp_path / "run"), **out)
    assert read_record(tmp_path / "run/model.safetensors").classes == ("control", "migraine")
    assert json.loads((tmp_path / "run/evaluation/summary.json").read_text())["images"] == 2
    assert len((tmp_path / "named/predictions.csv").read_text().splitlines()) == 2
    maps = [nib.load(path) for path in (tmp_path / "run/explanation/grad_cam").glob("*.nii.gz")]
    assert [found.shape for found in maps] == [(33, 33, 33)] * 2


@pytest.mark.parametrize("name", OTHERS)
def test_suggested_networks_have_the_layer_that_is_explained_by_default(bundle_folder, name):
    from monai.bundle import ConfigParser

    from monai_mri.explain import default_layer

    line = yaml.safe_load(suggested(bundle_folder, name))
    parser = ConfigParser(line)
    assert default_layer(parser.get_parsed_content("network_def")) == OTHERS[name]


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(bundle_folder, one_and_two):
    one, two = one_and_two(bundle_folder)
    curves = [pd.read_csv(folder / "history.csv") for folder in (one, two)]
    for column in ("train_loss", "val_loss", "val_accuracy", "learning_rate"):
        np.testing.assert_allclose(curves[1][column], curves[0][column], rtol=1e-4)
    weights = [torch.load(folder / "model.pt", weights_only=True) for folder in (one, two)]
    for name, expected in weights[0].items():
        torch.testing.assert_close(weights[1][name], expected, rtol=1e-3, atol=1e-4)
    assert sorted(path.name for path in two.glob("model*")) == ["model.pt", "model.safetensors"]
    records = [read_record(folder / "model.safetensors") for folder in (one, two)]
    assert records[0].subjects == records[1].subjects
