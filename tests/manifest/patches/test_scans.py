from __future__ import annotations

import pytest

from monai_mri.manifest.patches.scans import LESIONS, find_scans

GLOBS = {"flair": "*_flair.nii*", LESIONS: "*_lesions.nii*"}


def found(root, names):
    paths = []
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
        paths.append(root / name)
    return find_scans(paths, root, GLOBS, required=("flair",), subject_of=None, session_of=None)


def test_files_are_sorted_by_the_first_folder_or_the_start_of_the_name(tmp_path):
    names = ["p1/x_flair.nii", "p1/x_lesions.nii.gz", "p2_flair.nii", "p2_lesions.nii"]
    scans, skipped = found(tmp_path, names)
    assert [(scan.scan_id, scan.lesions.name) for scan in scans] == [
        ("p1", "x_lesions.nii.gz"),
        ("p2", "p2_lesions.nii"),
    ]
    assert not skipped


def test_two_scans_whose_patches_would_mix_are_not_both_taken(tmp_path):
    names = [f"{subject}/{kind}" for subject in ("a 1", "a-1") for kind in ("x_flair.nii", "x_lesions.nii")]
    scans, skipped = found(tmp_path, names)
    assert [scan.subject_id for scan in scans] == ["a 1"]
    assert "the folder a-1 of another scan" in skipped[0].why


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["p/x_flair.nii"], "no lesion volume"),
        (["p/x_lesions.nii"], "no flair"),
        (["p/x_flair.nii", "p/y_flair.nii", "p/x_lesions.nii"], "several files for flair"),
    ],
)
def test_an_incomplete_scan_is_left_out_with_the_reason(tmp_path, names, why):
    scans, skipped = found(tmp_path, names)
    assert not scans
    assert skipped[-1].why.startswith(why)
