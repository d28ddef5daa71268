"""Slices of one scan listed as subjects."""

import pytest

from monai_mri.manifest.copies import Series, scan_series


@pytest.mark.parametrize(
    ("paths", "scan"),
    [
        (["105012.jpg", "105013.jpg"], "105"),
        (["a/TCGA_CS_4941_19960909_1.tif", "a/TCGA_CS_4941_19960909_2.tif"], "a/TCGA_CS_4941_19960909_"),
        (["p7_slice012.png", "p7_slice013.png"], "p7_slice"),
        (["p7-patch1.nii.gz", "p7-patch2.nii.gz"], "p7-patch"),
        ([r"a\105012.jpg", r"a\105013.jpg"], "a/105"),
    ],
)
def test_slices_of_one_scan_under_two_subjects_are_one_series(paths, scan):
    assert scan_series(["s1", "s2"], paths) == [Series(scan, (0, 1))]


@pytest.mark.parametrize(
    "paths",
    [
        ["sub-001_flair.nii.gz", "sub-002_flair.nii.gz"],
        ["sub-001.nii.gz", "sub-002.nii.gz"],
        ["patient01/FLAIR.nii.gz", "patient02/FLAIR.nii.gz"],
        ["patient01/slice1.png", "patient02/slice1.png"],
        ["p1/x_slice1.png", "p2/x_slice2.png"],
        ["brain_12.jpg", "brain_13.jpg"],
        ["img_12.jpg", "img_13.jpg"],
        ["glioma/Te-gl_0010.jpg", "glioma/Te-gl_0011.jpg"],
        ["brisc2025_test_00032_gl_ax_t1.jpg", "brisc2025_test_00033_gl_ax_t1.jpg"],
        ["mwc2patient01.nii", "mwc2patient02.nii"],
        ["105012.jpg", "106012.jpg"],
        ["000001.nii.gz", "000002.nii.gz"],
        ["000001.jpg", "000002.jpg"],
        ["", "/"],
    ],
)
def test_a_number_that_may_be_the_subjects_is_no_slice(paths):
    assert scan_series(["s1", "s2"], paths) == []


def test_slices_of_one_subject_are_right():
    assert scan_series(["s1", "s1"], ["105012.jpg", "105013.jpg"]) == []
