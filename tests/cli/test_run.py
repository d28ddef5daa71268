"""`monai-mri run`: what it refuses, and how it says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from monai_mri.cli import main

BUNDLE = str(Path(__file__).resolve().parents[2] / "bundles" / "ms_plaque")


def run(*arguments: str):
    return CliRunner().invoke(main, ["run", *arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((BUNDLE, "training"), "'training' is not one of 'train', 'evaluate', 'infer'"),
        (("nowhere", "train"), "'nowhere' does not exist"),
        ((str(Path(BUNDLE).parent), "train"), "no bundle there"),
        ((BUNDLE, "train", "--set", "max_epoch=1"), "did you mean max_epochs?"),
        (
            (BUNDLE, "train", "--set", "train::dataset::tile_sise=1"),
            "did you mean train::dataset::tile_size?",
        ),
        ((BUNDLE, "train", "--set", "max_epochs"), "not of the form KEY=VALUE"),
        ((BUNDLE, "train", "--gpus", "one"), "'one' is no GPU number"),
        ((BUNDLE, "evaluate", "--gpus", "0,1"), "evaluate uses one GPU"),
        ((BUNDLE, "train", "--set", "network_def={_target_: monai_mri.networks.Plaque}"), "does not exist"),
    ],
)
def test_wrong_request_is_one_line_and_exit_two(arguments, said):
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_missing_manifest_is_one_line_and_exit_one(tmp_path):
    result = run(
        BUNDLE, "train", "--set", f"dataset_dir={tmp_path}", "--set", f"output_dir={tmp_path / 'run'}"
    )
    assert result.exit_code == 1
    assert "manifest.csv" in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 2


def test_missing_image_to_infer_is_named(tmp_path):
    (tmp_path / "weights").mkdir()
    result = run(BUNDLE, "infer", "--set", f"input={tmp_path / 'scan.nii'}", "--set", f"weights={tmp_path}")
    assert result.exit_code == 1
    assert "no trained weights there" in result.stderr


def test_bundle_with_code_is_not_run(tmp_path):
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "train.yaml").write_text("a: $__import__('pathlib').Path('FIRED').touch()\nrun: '@a'\n")
    result = run(str(tmp_path), "train")
    assert result.exit_code == 2
    assert "holds Python code" in result.stderr
    assert not Path("FIRED").exists()
