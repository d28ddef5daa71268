"""`monai-mri demo`: it never deletes what is not its own, and it ends in a page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from monai_mri.cli import main
from monai_mri.cli.demo import MARK

BUNDLES = Path(__file__).resolve().parents[2] / "bundles"
BUNDLE = str(BUNDLES / "ms_plaque")


def test_folder_with_files_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    result = CliRunner().invoke(main, ["demo", str(tmp_path), "--bundle", BUNDLE])
    assert result.exit_code == 2
    assert "thesis.txt, which is not of a demo of this bundle" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_notes_beside_an_earlier_demo_are_left_alone(tmp_path):
    for name in (MARK, "my notes.txt"):
        (tmp_path / name).touch()
    result = CliRunner().invoke(main, ["demo", str(tmp_path), "--bundle", BUNDLE])
    assert result.exit_code == 2
    assert "my notes.txt" in result.stderr
    assert (tmp_path / "my notes.txt").exists()


@pytest.mark.slow
def test_demo_ends_in_a_page_with_network_and_baselines(tmp_path):
    out = tmp_path / "demo"
    out.mkdir()
    (out / MARK).touch()
    (out / "run").mkdir()
    (out / "run" / "old").touch()
    settings = ["--subjects", "6", "--phantom", "voxel-size=4 4 12", "--epochs", "1"]
    result = CliRunner().invoke(main, ["demo", str(out), "--bundle", BUNDLE, *settings])
    assert result.exit_code == 0, result.output
    assert not (out / "run" / "old").exists()
    page = (out / "report.html").read_text()
    assert "synthetic" in page
    assert "Raw intensity at 50 % of the maximum" in page
    assert str(out / "report.html") in result.output
    assert "all steps" in result.output


@pytest.mark.slow
def test_demo_of_a_classification_ends_in_a_page_with_its_maps(tmp_path):
    small = tmp_path / "bundle"
    shutil.copytree(BUNDLES / "migraine", small)
    (small / "configs/demo.yaml").write_text("spatial_shape: [16, 18, 16]\nmax_epochs: 1\nbatch_size: 4\n")
    settings = ["--subjects", "24", "--phantom", "shape=16 18 16"]
    protocol = small / "configs/protocol.yaml"
    protocol.write_text(protocol.read_text().replace("test: 40, validation: 20", "test: 12, validation: 4"))
    result = CliRunner().invoke(main, ["demo", str(tmp_path / "demo"), "--bundle", str(small), *settings])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "demo/report.html").read_text()
    assert 'class="confusion' in page
    assert "hires_cam" in page
    assert "explanation" in result.output


def test_a_bundle_without_a_demo_is_named(tmp_path):
    (tmp_path / "bundle/configs").mkdir(parents=True)
    (tmp_path / "bundle/configs/protocol.yaml").write_text("study: own\n")
    result = CliRunner().invoke(main, ["demo", str(tmp_path / "out"), "--bundle", str(tmp_path / "bundle")])
    assert result.exit_code == 2
    assert "no demo with phantom and split" in result.stderr
    assert not (tmp_path / "out").exists()
