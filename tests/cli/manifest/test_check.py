from __future__ import annotations

import json

import nibabel
import numpy as np
import pytest
from PIL import Image

from monai_mri.manifest import write_manifest


@pytest.fixture
def cohort(tmp_path, monkeypatch):
    monkeypatch.setenv("MONAI_MRI_CACHE", str(tmp_path / "cache"))
    rows = []
    for number in range(12):
        noise = np.random.default_rng(number).normal(100, 20, (6, 6, 6)).astype(np.float32)
        nibabel.save(nibabel.Nifti1Image(noise, np.eye(4)), tmp_path / f"{number}.nii.gz")
        rows.append({"subject_id": f"s{number}", "flair": f"{number}.nii.gz"})
    return write_manifest(tmp_path / "m.csv", rows).path


def test_a_sound_cohort_is_one_line_and_exit_code_0(run, cohort):
    result = run("manifest", "check", cohort)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1
    assert "12 rows, 12 files at depth header" in result.stdout
    assert "0 errors, 0 warnings" in result.stdout


def test_a_second_check_says_what_was_known(run, cohort):
    run("manifest", "check", cohort)
    assert "(12 known from before)" in run("manifest", "check", cohort).stdout
    assert "known" not in run("manifest", "check", cohort, "--no-cache").stdout


def test_many_findings_of_a_code_are_counted_and_json_has_all(run, cohort, tmp_path):
    for path in tmp_path.glob("*.nii.gz"):
        path.write_bytes(b"")
    result = run("manifest", "check", cohort)
    assert result.exit_code == 1
    assert result.stdout.count("E103 error") == 10
    assert "2 more E103" in result.stdout
    found = json.loads(run("manifest", "check", cohort, "--format", "json").stdout)
    assert len(found) == 12
    assert list(found[0]) == ["code", "severity", "subject", "path", "found", "expected", "todo"]


def test_ignored_findings_are_counted_and_do_not_fail(run, cohort, tmp_path):
    (tmp_path / "3.nii.gz").write_bytes(b"")
    result = run("manifest", "check", cohort, "--ignore", "E103")
    assert result.exit_code == 0
    assert "ignored E103 1" in result.stdout


def test_pairs_are_drawn(run, cohort, tmp_path):
    one, other = (nibabel.load(tmp_path / f"{number}.nii.gz") for number in (1, 2))
    nibabel.save(
        nibabel.Nifti1Image(one.get_fdata(dtype=np.float32)[::-1], other.affine), tmp_path / "2.nii.gz"
    )
    result = run("manifest", "check", cohort, "--depth", "voxels", "--pairs", tmp_path / "p.png")
    assert result.exit_code == 1
    assert "E110" in result.stdout
    with Image.open(tmp_path / "p.png") as drawn:
        assert drawn.size[0] > 300


@pytest.mark.parametrize(
    "words", [("--pairs", "p.png"), ("--cache", "c", "--no-cache"), ("--depth", "deep"), ("--jobs", "0")]
)
def test_options_that_make_no_sense_are_usage_errors(run, cohort, words):
    assert run("manifest", "check", cohort, *words).exit_code == 2


def test_a_cell_cannot_move_the_cursor(run, cohort):
    text = cohort.read_text().replace("3.nii.gz", "\x1b[2J\x1b]0;owned\x07.nii.gz")
    cohort.write_text(text)
    assert "\x1b" not in run("manifest", "check", cohort).stdout
