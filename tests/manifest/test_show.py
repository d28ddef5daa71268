from __future__ import annotations

import pytest

from monai_mri.errors import ManifestError
from monai_mri.manifest import (
    create_manifest,
    describe_manifest,
    make_splits,
    splits_path,
    write_manifest,
    write_splits,
)


def test_a_cohort_is_described(cohort):
    manifest = create_manifest("nifti-pairs", cohort, cohort / "m.csv", site="A", licence="CC0")
    write_splits(splits_path(manifest.path), make_splits(manifest))
    lines = [" ".join(line.split()) for line in describe_manifest(manifest).splitlines()]
    for expected in (
        "rows 3",
        "subjects 3",
        "sites A (3)",
        "modalities flair",
        "licence CC0",
        "session_id 0 3",
        "mask 3 0",
        "flair 6 x 7 x 3 2 x 2 x 4 LAS 3",
        "part site rows subjects",
        "train all 1 1",
        "validation all 1 1",
        "test all 1 1",
    ):
        assert expected in lines


def test_a_bare_table_is_described_too(tmp_path):
    rows = [{"subject_id": f"{number}", "site": f"site {number}", "flair": "x.nii"} for number in range(9)]
    text = describe_manifest(write_manifest(tmp_path / "m.csv", rows))
    assert "shapes and voxel sizes are unknown" in text
    assert "and 3 others" in text


def test_many_shapes_are_counted_not_listed(tmp_path, make_picture):
    for size in range(1, 10):
        make_picture(tmp_path / "images" / f"{size}.png", size=(size, 1))
        make_picture(tmp_path / "masks" / f"{size}.png", size=(size, 1))
    text = describe_manifest(create_manifest("image-pairs", tmp_path, tmp_path / "m.csv"))
    assert "3 others" in text


def test_stale_splits_are_named_and_broken_ones_refused(cohort):
    manifest = create_manifest("nifti-pairs", cohort, cohort / "m.csv")
    write_splits(splits_path(manifest.path), make_splits(manifest))
    changed = create_manifest("nifti-pairs", cohort, cohort / "m.csv", site="B")
    assert "made from another manifest" in describe_manifest(changed)
    splits_path(manifest.path).write_text("{")
    with pytest.raises(ManifestError, match="splits"):
        describe_manifest(changed)


def test_a_cell_with_line_breaks_stays_on_its_line(tmp_path):
    rows = [{"subject_id": "a", "site": "x\nrows  99\rz", "flair": "x.nii"}]
    text = describe_manifest(write_manifest(tmp_path / "m.csv", rows))
    assert "sites       x rows  99 z (1)" in text.split("\n")
