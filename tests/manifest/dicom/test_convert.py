from __future__ import annotations

import json
import os
from pathlib import Path

import nibabel
import numpy as np
import pytest

from monai_mri.errors import ImageError
from monai_mri.manifest.dicom.convert import convert_series


def test_a_series_becomes_one_file_with_a_sidecar_and_nothing_else(write_series, tmp_path):
    made, rejected = convert_series(write_series(tmp_path / "in"), tmp_path / "out" / "a.nii.gz", slices=5)
    assert not rejected
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.json", "a.nii.gz"]
    assert made[0].path == tmp_path / "out" / "a.nii.gz"
    assert made[0].shape == (10, 12, 5)
    assert made[0].voxel_mm == (1.25, 1.5, 3.0)
    assert json.loads((tmp_path / "out" / "a.json").read_text())["ConversionSoftware"] == "dcm2niix"


def test_the_same_series_gives_the_same_bytes(write_series, tmp_path):
    files = write_series(tmp_path / "in")
    for name in ("a", "b"):
        convert_series(files, tmp_path / name / "x.nii.gz")
    assert (tmp_path / "a" / "x.nii.gz").read_bytes() == (tmp_path / "b" / "x.nii.gz").read_bytes()


def test_only_the_series_own_files_are_converted(write_series, tmp_path):
    files = write_series(tmp_path / "in", stem="a")
    write_series(tmp_path / "in", stem="b")
    made, _ = convert_series(files, tmp_path / "x.nii.gz")
    assert len(made) == 1


def test_values_are_those_of_the_scanner(write_series, tmp_path):
    made, _ = convert_series(write_series(tmp_path / "in"), tmp_path / "x.nii.gz")
    voxels = np.asarray(nibabel.load(made[0].path).dataobj)
    assert sorted(np.unique(voxels)) == [0, 1, 2, 3, 4, 1000]


def test_fewer_slices_than_images_are_not_taken(write_series, tmp_path):
    made, rejected = convert_series(write_series(tmp_path / "in"), tmp_path / "x.nii.gz", slices=6)
    assert not made
    assert rejected[0].why == "dcm2niix made 5 slices of 6 images"


def test_files_that_are_no_dicom_raise_with_the_tools_reason(tmp_path):
    (tmp_path / "a").write_text("hello")
    with pytest.raises(ImageError, match=r"x\.nii\.gz: dcm2niix ended with code \d+"):
        convert_series([tmp_path / "a"], tmp_path / "out" / "x.nii.gz")
    assert os.listdir(tmp_path / "out") == []


def test_a_defaults_file_in_the_home_folder_is_not_read(write_series, tmp_path, monkeypatch):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".dcm2nii.ini").write_text("isGZ=1\nfilename=%n\nisAnonymizeBIDS=0\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    convert_series(write_series(tmp_path / "in"), tmp_path / "out" / "x.nii.gz")
    assert "Doe" not in (tmp_path / "out" / "x.json").read_text()


def test_a_folder_that_looks_like_an_option_is_a_folder(write_series, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made, _ = convert_series(write_series(tmp_path / "in"), Path("-x_images/a.nii.gz"))
    assert [image.path for image in made] == [tmp_path / "-x_images/a.nii.gz"]
    assert sorted(os.listdir(tmp_path)) == ["-x_images", "in"]
