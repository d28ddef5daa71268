"""`monai-mri demo`: it never deletes what is not its own, and it ends in a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from monai_mri.cli import main
from monai_mri.cli.demo import MARK

BUNDLE = str(Path(__file__).resolve().parents[2] / "bundles" / "ms_plaque")


def test_folder_with_files_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    result = CliRunner().invoke(main, ["demo", str(tmp_path), "--bundle", BUNDLE])
    assert result.exit_code == 2
    assert "thesis.txt, which is not of a demo" in result.stderr
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
    settings = ["--subjects", "6", "--voxel-size", "4", "4", "12", "--epochs", "1"]
    result = CliRunner().invoke(main, ["demo", str(out), "--bundle", BUNDLE, *settings])
    assert result.exit_code == 0, result.output
    assert not (out / "run" / "old").exists()
    page = (out / "report.html").read_text()
    assert "synthetic" in page
    assert "Raw intensity at 50 % of the maximum" in page
    assert str(out / "report.html") in result.output
    assert "training and threshold" in result.output
