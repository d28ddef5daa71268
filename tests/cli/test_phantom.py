from __future__ import annotations

import re
import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from monai_mri import phantom as phantoms
from monai_mri.cli.phantom import kinds
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


def test_make_writes_a_migraine_cohort_of_a_shape(run, tmp_path):
    words = ("phantom", "make", "migraine", tmp_path / "cohort", "--subjects", 2, "--shape", 20, 24, 20)
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    table = read_manifest(tmp_path / "cohort/manifest.csv")
    assert result.stdout.endswith(f"{table.path}: 2 subjects\n")
    assert [row["label"] for row in table.rows()] == ["migraine", "control"]
    assert nib.load(table.resolve(table.rows()[0]["white_matter"])).shape == (20, 24, 20)
    assert run(*words).exit_code == 2
    assert run(*words, "--force").exit_code == 0


def test_make_writes_a_lesion_cohort_with_its_own_settings(run, tmp_path):
    words = (
        "phantom",
        "make",
        "lesion",
        tmp_path / "cohort",
        "--subjects",
        1,
        "--lesions",
        3,
        "--patch-size",
        9,
    )
    result = run(*words, "--voxel-size", 3, 3, 3, "--classes", "2=1, 5=2", "--volumes")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.endswith("manifest.csv: 1 subjects\n")
    table = read_manifest(tmp_path / "cohort/manifest.csv")
    assert {row["label"] for row in table.rows()} <= {"2", "5"}
    image = nib.load(table.resolve(table.rows()[0]["qsm"]))
    assert image.shape == (9, 9, 9)
    np.testing.assert_allclose(image.header.get_zooms(), 3)
    assert (tmp_path / "cohort/scans/sub-001/sub-001_lesions.nii.gz").is_file()


def test_make_writes_a_tumour_cohort_with_its_own_settings(run, tmp_path):
    words = ("phantom", "make", "tumour", tmp_path / "cohort", "--subjects", 1, "--slices", 5)
    result = run(*words, "--image-size", 40, "--flair-only-share", 1)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.endswith("manifest.csv: 1 subjects\n")
    rows = read_manifest(tmp_path / "cohort/manifest.csv").rows()
    assert [row["slice_index"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert {row["copied_channels"] for row in rows} == {"pre+post"}
    with Image.open(tmp_path / "cohort" / rows[0]["image"]) as picture:
        assert (picture.size, picture.mode) == ((40, 40), "RGB")


def test_make_writes_an_nmosd_cohort_with_its_own_settings(run, tmp_path):
    words = ("phantom", "make", "nmosd", tmp_path / "cohort", "--subjects", 2, "--nmosd-share", 1)
    result = run(*words, "--overlap", 0, "--voxel-size", 5, 5, 5)
    assert result.exit_code == 0, result.stderr
    table = read_manifest(tmp_path / "cohort/manifest.csv")
    assert {row["label"] for row in table.rows()} == {"NMOSD"}
    image = nib.load(table.resolve(table.rows()[0]["flair"]))
    np.testing.assert_allclose(image.header.get_zooms(), 5)


def test_a_folder_of_lesion_masks_that_is_not_there_is_a_usage_error(run, tmp_path):
    words = ("phantom", "make", "nmosd", tmp_path / "cohort", "--lesion-masks", tmp_path / "none")
    result = run(*words)
    assert result.exit_code == 2
    assert "--lesion-masks" in result.stderr
    assert not (tmp_path / "cohort").exists()


def test_an_unknown_kind_is_a_usage_error_that_lists_the_kinds(run, tmp_path):
    result = run("phantom", "make", "plague", tmp_path / "cohort")
    assert result.exit_code == 2
    assert f"expected {', '.join(kinds())}" in result.stderr


def test_the_kinds_are_the_makers_that_the_package_exports():
    makers = [name for name in phantoms.__all__ if name.endswith("_cohort")]
    assert [f"make_{kind.replace('-', '_')}_cohort" for kind in kinds()] == sorted(makers)


def test_help_lists_the_kinds_and_imports_no_numpy():
    code = (
        "import sys; from monai_mri.cli import main\n"
        "try: main(['phantom', 'make', '--help'])\n"
        "except SystemExit: print({'numpy', 'scipy', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"KIND ({', '.join(kinds())})" in " ".join(done.stdout.split())
    assert done.stdout.endswith("set()\n")


@pytest.mark.parametrize("option", [("--subjects", 0), ("--voxel-size", 1, 1, 0), ("--voxel-size", 1)])
def test_impossible_numbers_are_usage_errors(run, tmp_path, option):
    assert run("phantom", "make", "plaque", tmp_path / "cohort", *option).exit_code == 2


@pytest.mark.parametrize(
    ("kind", "option", "why"),
    [
        ("plaque", ("--shape", 20, 24, 20), "--shape: not a setting of plaque"),
        ("migraine", ("--voxel-size", 2, 2, 2), "--voxel-size: not a setting of migraine"),
        ("migraine", ("--volumes",), "--volumes: not a setting of migraine"),
        ("tumour", ("--overlap", 0.5), "--overlap: not a setting of tumour"),
        ("nmosd", ("--image-size", 64), "--image-size: not a setting of nmosd"),
        ("tumour", ("--slices", 2), "slices: 2, expected a finite number of 4 to 118"),
        ("nmosd", ("--voxel-size", 2, 2, 4), "--voxel-size: .* expected cubic voxels"),
        ("lesion", ("--voxel-size", 1, 1, 2), "--voxel-size: .* expected cubic voxels"),
        ("lesion", ("--classes", "2=many"), "--classes: .* expected numbers"),
        ("lesion", ("--classes", "2"), "--classes: '2' is not of the form"),
        ("lesion", ("--classes", "9=1"), "classes: .* expected shares above 0 of some of 1, 2"),
    ],
)
def test_a_setting_that_the_kind_has_not_or_in_a_wrong_form_is_a_usage_error(
    run, tmp_path, kind, option, why
):
    result = run("phantom", "make", kind, tmp_path / "cohort", *option)
    assert result.exit_code == 2
    assert re.search(why, result.stderr), result.stderr
    assert not (tmp_path / "cohort").exists()
