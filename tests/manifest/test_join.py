from __future__ import annotations

import pytest

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import create_manifest, join_manifests, read_manifest, write_manifest


@pytest.fixture
def two(tmp_path, cohort, make_picture):
    """Volumes in `cohort`, pictures in `slices`, each with its manifest."""
    for stem in ("101001", "101002", "102001"):
        make_picture(tmp_path / "slices" / "images" / f"{stem}.png")
        make_picture(tmp_path / "slices" / "masks" / f"{stem}.png")
    slices = create_manifest(
        "image-pairs",
        tmp_path / "slices",
        tmp_path / "slices" / "slices.csv",
        preset="ms60_mini",
        licence="CC0",
    )
    volumes = create_manifest("nifti-pairs", cohort, cohort / "volumes.csv", site="here", licence="CC BY")
    return slices, volumes


def test_rows_and_records_of_both_are_in_the_joined_manifest(two, tmp_path):
    join_manifests(two, tmp_path / "all.csv")
    joined = read_manifest(tmp_path / "all.csv")
    assert joined.table["subject_id"].tolist() == ["101", "101", "102", "sub-001", "sub-002", "sub-003"]
    assert joined.rows()[3]["mask"] == "cohort/sub-001/sub-001_plaques.nii.gz"
    assert joined.sidecar.licence == "CC0; CC BY"
    assert len(joined.sidecar.files) == 12
    old = two[1].sidecar.files["sub-001/sub-001_plaques.nii.gz"]
    assert joined.sidecar.files["cohort/sub-001/sub-001_plaques.nii.gz"] == old
    assert all(joined.resolve(row["flair"]).exists() for row in joined.rows())


def test_a_shared_subject_id_gets_the_manifest_as_prefix(two, tmp_path):
    rows = [{"subject_id": "sub-001", "age": "30", "flair": "slices/images/101001.png"}]
    other = write_manifest(tmp_path / "other.csv", rows)
    joined = join_manifests([two[1], other], tmp_path / "all.csv")
    assert joined.table["subject_id"].tolist()[2:] == ["volumes_sub-003", "other_sub-001"]
    assert joined.table["age"].tolist() == ["", "", "", "30"]
    assert joined.rows()[3]["mask"] == ""


def test_prefixes_may_be_given(two, tmp_path):
    joined = join_manifests(two, tmp_path / "all.csv", prefixes=["ms60", ""])
    assert joined.table["subject_id"].tolist()[2:4] == ["ms60_102", "sub-001"]


def test_what_cannot_be_joined_is_refused(two, tmp_path):
    with pytest.raises(UsageError, match="at least one"):
        join_manifests([], tmp_path / "all.csv")
    with pytest.raises(UsageError, match="1 prefixes for 2"):
        join_manifests(two, tmp_path / "all.csv", prefixes=["a"])
    with pytest.raises(ManifestError, match="own prefix"):
        join_manifests([two[0], two[0]], tmp_path / "all.csv")
    with pytest.raises(ManifestError, match="E509"):
        join_manifests(two, tmp_path / "elsewhere" / "all.csv")
