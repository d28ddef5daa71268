from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from monai_mri.manifest import create_manifest, plan_manifest
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.layouts._samples import Collected, Sample, files_below, utf8_only

ODD = os.fsdecode(b"sub-\xe4_flair.nii.gz")


@pytest.fixture
def odd_folder(tmp_path, make_nifti):
    """A folder with one good image, one whose name is Latin-1, and a folder of such a name."""
    make_nifti(tmp_path / "sub-1_flair.nii.gz")
    odd = make_nifti(tmp_path / "x.nii.gz")
    try:
        odd.rename(tmp_path / ODD)
        make_nifti(tmp_path / os.fsdecode(b"m\xfcller") / "sub-2_flair.nii.gz")
    except OSError:
        pytest.skip("this disk takes UTF-8 names only")
    return tmp_path


def test_names_that_are_no_utf8_are_skipped_and_said_escaped(odd_folder):
    assert [path.name for path in files_below(odd_folder)] == ["sub-1_flair.nii.gz"]
    plan = plan_manifest("nifti-pairs", odd_folder, mask_pattern="")
    assert [sample.subject_id for sample in plan.samples] == ["sub-1"]
    assert [entry.path for entry in plan.skipped] == [
        r"m\udcfcller/sub-2_flair.nii.gz",
        r"sub-\udce4_flair.nii.gz",
    ]
    assert {entry.why for entry in plan.skipped} == {"its name is not UTF-8: rename it"}


def test_a_manifest_is_made_of_the_others(odd_folder):
    made = create_manifest("nifti-pairs", odd_folder, odd_folder / "m.csv", mask_pattern="")
    assert [row["subject_id"] for row in made.rows()] == ["sub-1"]
    assert len(made.skipped) == 2


def test_a_folder_above_may_have_any_name(tmp_path, make_nifti):
    root = tmp_path / os.fsdecode(b"m\xfcller")
    try:
        make_nifti(root / "sub-1_flair.nii.gz")
    except OSError:
        pytest.skip("this disk takes UTF-8 names only")
    plan = plan_manifest("nifti-pairs", root, mask_pattern="")
    assert len(plan.samples) == 1
    assert not plan.skipped


@pytest.mark.parametrize("field", ["subject_id", "session_id", "site"])
def test_values_that_cannot_be_written_are_skipped_also_of_what_is_made(tmp_path, field):
    good = Sample("a", {"flair": tmp_path / "a.nii"}, extra={"label": "x"})
    bad = replace(good, **{field: "m\udcfcller"})
    collected = Collected(("flair",), (good, bad), (Skipped("\udcff", "why \udcff"),))
    collected = replace(collected, make=lambda folder, again=collected: again)
    found = utf8_only(collected, tmp_path)
    for one in (found, found.make(Path("any"))):
        assert one.samples == (good,)
        assert [entry.path for entry in one.skipped] == [r"\udcff", r"m\udcfcller"]
        str(one.skipped).encode()
