"""The plaque bundle from other folders, over several processes, and as exported networks."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import nibabel as nib
import numpy as np
import pytest
import torch
from PIL import Image

from monai_mri.engines.bundle import run_bundle
from monai_mri.engines.config_check import read_layers
from monai_mri.engines.weights import load_weights, read_record
from monai_mri.networks import PlaqueFCN

FILTERS = [2, 2, 2, 2, 2]
TINY = {"network_def::filters": FILTERS, "max_epochs": 1, "batch_size": 8, "tile_size": 16}


@pytest.fixture(scope="session")
def bundle_folder(repository):
    return repository / "bundles" / "ms_plaque"


@pytest.fixture(scope="session")
def trained(bundle_folder, phantom_cohort, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    run_bundle(
        bundle_folder, "train", settings={"manifest": str(phantom_cohort), "output_dir": str(folder), **TINY}
    )
    return folder


def infer(bundle_folder, trained, image, out):
    settings = {
        "input": str(image),
        "weights": str(trained),
        "output_dir": str(out),
        "network_def::filters": FILTERS,
    }
    run_bundle(bundle_folder, "infer", settings=settings)


def test_default_network_is_the_published_one(bundle_folder):
    config = read_layers([bundle_folder / "configs" / "train.yaml"])
    assert config["network_def"] == {
        "_target_": "monai_mri.networks.PlaqueFCN",
        "in_channels": 1,
        "output": "logit",
    }
    assert (
        sum(parameter.numel() for parameter in PlaqueFCN(in_channels=1, output="logit").parameters())
        == 233_321
    )


def test_paper_layer_keeps_the_published_loss_optimiser_and_tiles(bundle_folder):
    config = read_layers([bundle_folder / "configs" / name for name in ("train.yaml", "paper.yaml")])
    assert config["loss"]["_target_"] == "monai_mri.losses.SigmoidSquaredError"
    assert config["optimizer"]["_target_"] == "torch.optim.SGD"
    assert (config["optimizer"]["lr"], config["optimizer"]["momentum"]) == (1e-5, 0.9)
    assert (config["batch_size"], config["tile_size"], config["slices"]) == (100, 50, "with_lesion")
    assert config["train"]["dataset"]["augment"] is None


def test_mask_of_a_volume_lies_on_the_grid_it_was_scanned_on(bundle_folder, trained, tmp_path):
    affine = np.array([[0, 0, 4.0, -20], [-3.0, 0, 0, 60], [0, -3.0, 0, 70], [0, 0, 0, 1]])
    rng = np.random.default_rng(0)
    nib.save(
        nib.Nifti1Image(rng.uniform(50, 100, (20, 24, 6)).astype(np.float32), affine), tmp_path / "scan.nii"
    )
    infer(bundle_folder, trained, tmp_path / "scan.nii", tmp_path / "out")
    mask = nib.load(tmp_path / "out" / "scan_mask.nii.gz")
    assert mask.shape == (20, 24, 6)
    np.testing.assert_array_equal(mask.affine, affine)


def test_mask_of_a_picture_has_its_size(bundle_folder, trained, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (37, 52), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "slice.jpg")
    infer(bundle_folder, trained, tmp_path / "slice.jpg", tmp_path / "out")
    mask = np.asarray(Image.open(tmp_path / "out" / "slice_mask.png"))
    assert mask.shape == (37, 52)
    assert set(np.unique(mask)) <= {0, 255}


def test_unet_takes_the_place_of_the_network_by_one_setting(bundle_folder, phantom_cohort, tmp_path):
    unet = {"_target_": "monai.networks.nets.BasicUNet", "spatial_dims": 2, "features": [4, 4, 4, 8, 8, 4]}
    unet |= {"in_channels": 1, "out_channels": 1}
    settings = {"manifest": str(phantom_cohort), "output_dir": str(tmp_path), "network_def": unet}
    run_bundle(bundle_folder, "train", settings=settings | {"max_epochs": 1, "batch_size": 8})
    run_bundle(bundle_folder, "evaluate", settings=settings)
    assert json.loads((tmp_path / "run.json").read_text())["network"] == "BasicUNet"


def test_paper_protocol_scores_slices_with_plaque_only(bundle_folder, phantom_cohort, tmp_path):
    settings = {"manifest": str(phantom_cohort), "output_dir": str(tmp_path)} | TINY
    run_bundle(bundle_folder, "train", settings=settings, protocol="paper")
    run_bundle(bundle_folder, "evaluate", settings=settings, protocol="paper")
    summary = json.loads((tmp_path / "evaluation" / "summary.json").read_text())
    assert (summary["protocol"], summary["slices"]) == ("paper", "with_lesion")
    assert all(sample["plane"] is not None for sample in summary["samples"])
    assert summary["methods"][0]["counts"]["empty_truth"] == 0


@pytest.mark.slow
def test_monai_command_line_trains_evaluates_and_infers_from_any_folder(
    bundle_folder, phantom_cohort, bundle_run, tmp_path
):
    configs = bundle_folder / "configs"
    shared = (
        "--manifest",
        str(phantom_cohort),
        "--output_dir",
        "out",
        "--network_def::filters",
        str(FILTERS),
    )
    train = ("--max_epochs", "1", "--batch_size", "8", "--tile_size", "16")
    done = bundle_run("run", "--config_file", str(configs / "train.yaml"), *shared, *train, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    layers = f"['{configs / 'train.yaml'}','{configs / 'evaluate.yaml'}']"
    done = bundle_run("run", "--config_file", layers, *shared, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    image = phantom_cohort.parent / "sub-002" / "sub-002_flair.nii.gz"
    done = bundle_run(
        *("run", "--config_file", str(configs / "inference.yaml"), "--input", str(image), "--weights", "out"),
        *("--network_def::filters", str(FILTERS)),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert nib.load(tmp_path / "predictions" / "sub-002_flair_mask.nii.gz").shape == nib.load(image).shape
    again = bundle_run(
        "run", "--config_file", layers, *shared, "--validate::images::part", "train", cwd=tmp_path
    )
    assert again.returncode == 1
    assert "were trained on" in again.stderr


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(bundle_folder, phantom_cohort, bundle_run, tmp_path):
    """Gradients averaged over two halves of a batch differ from the whole batch's by rounding only."""
    configs = bundle_folder / "configs"
    layers = f"['{configs / 'train.yaml'}','{configs / 'multi_gpu_train.yaml'}']"
    settings = (
        *("--manifest", str(phantom_cohort), "--network_def::filters", str(FILTERS), "--device", "cpu"),
        *("--max_epochs", "1", "--batch_size", "8", "--tile_size", "16"),
        *("--loss", "{'_target_': 'torch.nn.BCEWithLogitsLoss'}"),
    )
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
    two = bundle_run(
        "run", "--config_file", layers, *settings, "--output_dir", "two", cwd=tmp_path, launcher=launcher
    )
    assert two.returncode == 0, two.stderr
    one = bundle_run(
        "run", "--config_file", str(configs / "train.yaml"), *settings, "--output_dir", "one", cwd=tmp_path
    )
    assert one.returncode == 0, one.stderr
    networks = [PlaqueFCN(filters=FILTERS, output="logit") for _ in range(2)]
    for network, name in zip(networks, ("one", "two"), strict=True):
        load_weights(network, tmp_path / name)
    for first, second in zip(*(network.parameters() for network in networks), strict=True):
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-5)
    histories = [
        (tmp_path / name / "history.csv").read_text().splitlines()[1].split(",") for name in ("one", "two")
    ]
    assert float(histories[0][1]) == pytest.approx(float(histories[1][1]), rel=1e-4)
    chosen = [json.loads((tmp_path / name / "threshold.json").read_text()) for name in ("one", "two")]
    assert chosen[0]["threshold"] == pytest.approx(chosen[1]["threshold"], abs=1e-3)
    assert chosen[0]["f1"] == pytest.approx(chosen[1]["f1"], abs=1e-3)


@pytest.mark.slow
def test_processes_without_images_to_validate_do_not_hang(
    bundle_folder, phantom_cohort, bundle_run, tmp_path
):
    """One volume to validate and two processes: the second has none."""
    configs = bundle_folder / "configs"
    done = bundle_run(
        *("run", "--config_file", f"['{configs / 'train.yaml'}','{configs / 'multi_gpu_train.yaml'}']"),
        *("--manifest", str(phantom_cohort), "--network_def::filters", str(FILTERS), "--device", "cpu"),
        *("--max_epochs", "1", "--batch_size", "8", "--tile_size", "16", "--output_dir", "out"),
        *("--validate::dataset", "@validate::images"),
        cwd=tmp_path,
        launcher=("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"),
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "threshold.json").is_file()


@pytest.mark.slow
def test_metadata_and_network_pass_monais_own_checks(bundle_folder, bundle_run, repository, tmp_path):
    meta = ("--meta_file", str(bundle_folder / "configs" / "metadata.json"))
    done = bundle_run(
        "verify_metadata",
        *meta,
        "--filepath",
        str(repository / "bundles" / "metadata.schema.json"),
        cwd=tmp_path,
    )
    assert "metadata is verified with no error" in done.stdout + done.stderr
    config = ("--config_file", str(bundle_folder / "configs" / "inference.yaml"))
    done = bundle_run(
        "verify_net_in_out",
        "--net_id",
        "network_def",
        *meta,
        *config,
        "--n",
        "3",
        "--device",
        "cpu",
        cwd=tmp_path,
    )
    assert "verified with no error" in done.stdout + done.stderr


@pytest.fixture
def exported(bundle_folder, trained, bundle_run, tmp_path):
    """Runs one of MONAI's export commands; returns the file, an image, and what the network makes of it."""

    def export(command, name):
        done = bundle_run(
            *(
                command,
                "--net_id",
                "network_def",
                "--filepath",
                name,
                "--ckpt_file",
                str(trained / "model.pt"),
            ),
            *("--meta_file", str(bundle_folder / "configs" / "metadata.json")),
            *("--config_file", str(bundle_folder / "configs" / "inference.yaml")),
            *("--network_def::filters", str(FILTERS), "--input_shape", "[1,1,48,64]"),
            cwd=tmp_path,
        )
        assert (tmp_path / name).is_file(), done.stdout + done.stderr
        network = PlaqueFCN(filters=FILTERS, output="logit").eval()
        load_weights(network, trained)
        image = torch.randn(1, 1, 48, 64, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            return str(tmp_path / name), image, network(image)

    return export


@pytest.mark.slow
def test_onnx_export_computes_what_the_network_does(exported):
    onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    path, image, expected = exported("onnx_export", "model.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: image.numpy()})
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-4)


@pytest.mark.slow
def test_checkpoint_export_loads_as_torchscript(exported):
    path, image, expected = exported("ckpt_export", "model.ts")
    with torch.no_grad():
        torch.testing.assert_close(torch.jit.load(path)(image), expected, atol=1e-5, rtol=1e-5)


def test_record_names_study_threshold_and_splits(trained):
    record = read_record(trained / "model.safetensors")
    assert record.study == "ms_plaque"
    assert record.splits_sha256
    assert len(record.subjects) == 2


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
def test_mlflow_keeps_loss_and_validation_in_sqlite(bundle_folder, phantom_cohort, tmp_path):
    pytest.importorskip("mlflow", reason="the extra tracking is not installed")
    settings = {"manifest": str(phantom_cohort), "output_dir": str(tmp_path / "run"), **TINY}
    run_bundle(bundle_folder, "train", settings=settings, tracking="mlflow")
    with closing(sqlite3.connect(tmp_path / "run" / "mlruns.db")) as base:
        names = {name for (name,) in base.execute("select distinct key from metrics")}
    assert {"train_loss", "val_f1"} <= names
