from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from monai_mri.manifest import read_manifest


@pytest.mark.slow
def test_make_writes_a_cohort_as_asked(run, tmp_path):
    words = ("phantom", "make", "plaque", tmp_path / "cohort", "--subjects", 1, "--seed", 4)
    result = run(*words, "--voxel-size", 3, 3, 6, "--effect", 0.5)
    assert result.exit_code == 0, result.stderr
    table = read_manifest(tmp_path / "cohort/manifest.csv")
    assert result.stdout.endswith(f"{table.path}: 1 subjects\n")
    (row,) = table.rows()
    np.testing.assert_allclose(nib.load(table.resolve(row["flair"])).header.get_zooms(), (3, 3, 6))
    assert run(*words).exit_code == 2


def test_an_unknown_kind_is_a_usage_error_that_lists_the_kinds(run, tmp_path):
    result = run("phantom", "make", "plague", tmp_path / "cohort")
    assert result.exit_code == 2
    assert "expected plaque" in result.stderr


@pytest.mark.parametrize("option", [("--subjects", 0), ("--voxel-size", 1, 1, 0), ("--voxel-size", 1)])
def test_impossible_numbers_are_usage_errors(run, tmp_path, option):
    assert run("phantom", "make", "plaque", tmp_path / "cohort", *option).exit_code == 2
