from __future__ import annotations

import pytest

from monai_mri.manifest.checks.places import Places


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root/Sub").mkdir(parents=True)
    (tmp_path / "root/Sub/Scan.nii").touch()
    (tmp_path / "secret.nii").touch()
    (tmp_path / "root/out.nii").symlink_to(tmp_path / "secret.nii")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/secret.nii").touch()
    (tmp_path / "root/folder").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "root/in.nii").symlink_to(tmp_path / "root/Sub/Scan.nii")
    return tmp_path / "root"


def code(root, cell, *, allow_outside=False) -> str:
    fault = Places(root, allow_outside=allow_outside).find(cell)[1]
    return "" if fault is None else fault.code


@pytest.mark.parametrize("cell", ["out.nii", "folder/secret.nii", "../secret.nii", "Sub/../../secret.nii"])
def test_a_way_out_of_the_root_is_refused_unless_allowed(root, cell):
    assert code(root, cell) == "E509"
    assert code(root, cell, allow_outside=True) == ""


@pytest.mark.parametrize("cell", ["Sub/Scan.nii", "in.nii", "Sub/missing.nii"])
def test_what_lies_below_the_root_or_nowhere_is_left_to_the_reader(root, cell):
    assert code(root, cell) == ""


def test_a_path_in_another_case_names_the_one_on_disk(root):
    _, fault = Places(root, allow_outside=False).find("sub/scan.nii")
    assert fault.code == "E510"
    assert "Sub/Scan.nii" in fault.found


def test_a_root_that_is_a_link_is_the_folder_it_leads_to(root):
    link = root.parent / "link"
    link.symlink_to(root, target_is_directory=True)
    assert code(link, "Sub/Scan.nii") == ""


def test_a_path_through_a_link_to_a_folder_above_is_a_loop(root):
    (root / "Sub/again").symlink_to("..")
    assert code(root, "Sub/again/Sub/Scan.nii") == "E107"
    assert code(root, "Sub/Scan.nii") == ""
