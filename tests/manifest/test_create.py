from __future__ import annotations

import os

import pytest

from monai_mri.errors import ImageError, ManifestError, UsageError
from monai_mri.manifest import create_manifest, plan_manifest, read_manifest


def test_a_manifest_says_where_images_are_and_what_they_were(cohort):
    created = create_manifest("nifti-pairs", cohort, cohort / "manifest.csv", source="phantom", licence="CC0")
    read = read_manifest(cohort / "manifest.csv")
    assert read.rows()[0] == {
        "subject_id": "sub-001",
        "session_id": "",
        "site": "",
        "flair": "sub-001/sub-001_flair.nii.gz",
        "mask": "sub-001/sub-001_plaques.nii.gz",
    }
    assert read.sha256 == created.sha256
    assert read.sidecar.source == "phantom"
    assert read.sidecar.files["sub-003/sub-003_plaques.nii.gz"].orientation == "LAS"
    assert all(read.resolve(row["mask"]).exists() for row in read.rows())


def test_the_same_folder_gives_the_same_bytes(cohort, tmp_path):
    for name in ("a", "b"):
        create_manifest("nifti-pairs", cohort, tmp_path / f"{name}.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_what_was_not_taken_is_said(cohort, make_nifti):
    make_nifti(cohort / "sub-004" / "sub-004_plaques.nii.gz")
    (cohort / "notes.txt").write_text("")
    created = create_manifest("nifti-pairs", cohort, cohort / "manifest.csv")
    assert [str(skipped) for skipped in created.skipped] == [
        "notes.txt: not a NIfTI file (.nii, .nii.gz)",
        "sub-004: no file matches image_pattern '*_flair.nii*'",
    ]


def test_a_plan_opens_and_writes_nothing(cohort):
    for path in cohort.rglob("*.nii.gz"):
        path.write_bytes(b"")
    before = sorted(cohort.rglob("*"))
    assert [sample.subject_id for sample in plan_manifest("nifti-pairs", cohort).samples][:2] == [
        "sub-001",
        "sub-002",
    ]
    assert sorted(cohort.rglob("*")) == before


@pytest.mark.parametrize(
    ("grid", "message"),
    [({"shape": (6, 7, 4)}, "shape 6 x 7 x 4, expected shape 6 x 7 x 3"), ({"shift_mm": 40.0}, "40 mm off")],
)
def test_masks_on_another_grid_are_refused_all_at_once(cohort, make_nifti, grid, message):
    for subject in ("sub-001", "sub-003"):
        make_nifti(cohort / subject / f"{subject}_plaques.nii.gz", **grid)
    with pytest.raises(ImageError, match=f"{message}.*E209") as caught:
        create_manifest("nifti-pairs", cohort, cohort / "manifest.csv")
    assert len(str(caught.value).splitlines()) == 2 + 1
    assert "--skip-faulty" in str(caught.value)
    assert not (cohort / "manifest.csv").exists()


def test_a_grid_off_by_a_hundredth_of_a_voxel_is_the_same(cohort, make_nifti):
    make_nifti(cohort / "sub-001" / "sub-001_plaques.nii.gz", shift_mm=0.02)
    create_manifest("nifti-pairs", cohort, cohort / "manifest.csv")


def test_pictures_may_differ_in_channels_but_not_in_size(tmp_path, make_picture):
    make_picture(tmp_path / "images" / "1.png", mode="RGB")
    make_picture(tmp_path / "masks" / "1.png")
    create_manifest("image-pairs", tmp_path, tmp_path / "m.csv")
    make_picture(tmp_path / "masks" / "1.png", size=(4, 5))
    with pytest.raises(ImageError, match="E209"):
        create_manifest("image-pairs", tmp_path, tmp_path / "m.csv")


def test_an_image_that_cannot_be_read_is_named(cohort):
    (cohort / "sub-002" / "sub-002_flair.nii.gz").write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"sub-002_flair\.nii\.gz"):
        create_manifest("nifti-pairs", cohort, cohort / "manifest.csv")


def test_a_manifest_of_read_only_data_lies_elsewhere(cohort, tmp_path, monkeypatch):
    with pytest.raises(ManifestError, match=r"lies outside.*env:NAME.*E509"):
        create_manifest("nifti-pairs", cohort, tmp_path / "elsewhere" / "m.csv")
    monkeypatch.setenv("PLAQUE_DATA", str(cohort.parent))
    created = create_manifest(
        "nifti-pairs", cohort, tmp_path / "elsewhere" / "m.csv", root_is="env:PLAQUE_DATA"
    )
    assert created.rows()[0]["flair"] == "cohort/sub-001/sub-001_flair.nii.gz"
    read = read_manifest(tmp_path / "elsewhere" / "m.csv")
    assert read.sidecar.root == "env:PLAQUE_DATA"
    assert read.resolve(read.rows()[0]["flair"]).exists()
    with pytest.raises(ManifestError, match="root_is"):
        create_manifest("nifti-pairs", cohort, tmp_path / "m.csv", root_is="/data")


def test_relative_folders_and_links_above_the_data_do_not_matter(cohort, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(cohort)
    monkeypatch.chdir(tmp_path)
    created = create_manifest("nifti-pairs", tmp_path / "link", cohort / "m.csv")
    assert created.rows()[0]["flair"] == "sub-001/sub-001_flair.nii.gz"
    create_manifest("nifti-pairs", cohort, tmp_path / "m.csv")
    os.replace(tmp_path / "m.csv", "n.csv")
    assert read_manifest(cohort.parent / "n.csv").rows()[0]["flair"].startswith("cohort/")


def test_nothing_found_is_refused_with_the_reason(cohort, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("")
    with pytest.raises(ManifestError, match=r"(?s)no sample.*notes"):
        create_manifest("nifti-pairs", tmp_path / "other", tmp_path / "m.csv")
    with pytest.raises(ManifestError, match="no such folder"):
        create_manifest("nifti-pairs", tmp_path / "none", tmp_path / "m.csv")
    with pytest.raises(UsageError, match="did you mean 'nifti-pairs'"):
        create_manifest("nifti-pair", cohort, tmp_path / "m.csv")
