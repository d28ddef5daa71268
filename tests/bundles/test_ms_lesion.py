"""The lesion bundle on real patches and over several processes."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from monai_mri.engines.weights import read_record

VOLUMES = {"flair": "FLAIR_*", "qsm": "T1_N4*"}  # there is no QSM: T1 stands in its place
CREATE = "manifest create lesion-patches scans -o {}.csv"
OPTIONS = (
    *("--option", "modalities=" + ",".join(f"{name}={glob}.nii.gz" for name, glob in VOLUMES.items())),
    *("--option", "lesions=GOLD_STANDARD*.nii.gz"),
)
SETTINGS = "--layer demo --set manifest=patches.csv --set output_dir=runs/lesions"


@pytest.fixture(scope="session")
def bundle_folder(repository):
    return repository / "bundles" / "ms_lesion"


@pytest.fixture
def real_patches(real_data, monai_mri, tmp_path):
    """Patches of two real patients' lesions, larger ones as class 5: that serves to run, not to learn."""
    for patient in ("patient07", "patient19"):
        (tmp_path / "scans" / patient).mkdir(parents=True)
        for glob in (*VOLUMES.values(), "GOLD_STANDARD*"):
            for path in (real_data / "open_ms_data/cross_sectional/MNI" / patient).glob(f"{glob}.nii.gz"):
                shutil.copy(path, tmp_path / "scans" / patient)
    monai_mri(CREATE.format("all"), *OPTIONS)
    lesions = pd.read_csv(tmp_path / "all.csv", dtype={"lesion_id": str})
    lesions["label"] = np.where(lesions.volume_ml > lesions.volume_ml.median(), "5", "2")
    lesions[["subject_id", "lesion_id", "label"]].to_csv(tmp_path / "classes.csv", index=False)
    named = ("--option", "labels=table", "--option", "table=classes.csv")
    monai_mri(CREATE.format("patches"), *OPTIONS, *named)
    return tmp_path / "patches.csv"


@pytest.mark.slow
def test_real_patches_go_through_the_commands_with_lesions_divided(
    bundle_folder, real_patches, monai_mri, tmp_path
):
    run = f"run {bundle_folder}"
    patches = pd.read_csv(real_patches)
    assert patches.groupby("subject_id").size().to_dict() == {"patient07": 37, "patient19": 98}
    schema = bundle_folder.parents[1] / "data_manifests" / "ms_lesion.schema.json"
    monai_mri(f"manifest check patches.csv --depth voxels --schema {schema}")
    by_lesion = "--test 0.3 --validation 0.1 --unit row --stratify label"
    said = monai_mri(f"manifest split patches.csv {by_lesion}")
    assert "rows and not subjects were divided; scores will flatter" in said
    monai_mri(f"{run} train {SETTINGS} --set max_epochs=1")
    both = "--set allow_trained_subjects=true"
    monai_mri(f"{run} evaluate {SETTINGS} {both}")
    summary = json.loads((tmp_path / "runs/lesions/evaluation/summary.json").read_text())
    assert (summary["images"], summary["subjects"], summary["trained_subjects_allowed"]) == (41, 2, True)
    network = ("--set", "network_def::filters=[8, 16, 16]")
    where = "--set manifest=patches.csv --set weights=runs/lesions --set output_dir=named"
    monai_mri(f"{run} infer {where}", *network)
    assert len((tmp_path / "named/predictions.csv").read_text().splitlines()) == 1 + len(patches)


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(bundle_folder, one_and_two):
    """The loss is that of one process. Adam turns rounding into steps of biases that BatchNorm undoes."""
    one, two = one_and_two(bundle_folder)
    curves = [pd.read_csv(folder / "history.csv") for folder in (one, two)]
    np.testing.assert_allclose(curves[1].train_loss, curves[0].train_loss, rtol=1e-4)
    np.testing.assert_allclose(curves[1].val_loss, curves[0].val_loss, rtol=0.05)
    records = [read_record(folder / "model.safetensors") for folder in (one, two)]
    assert records[0].subjects == records[1].subjects
