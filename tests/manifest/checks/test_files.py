from __future__ import annotations

import nibabel
import numpy as np
import pytest

from monai_mri.manifest import write_manifest
from monai_mri.manifest.checks import check_manifest, files
from monai_mri.manifest.checks.inspect import inspect_file


@pytest.fixture
def cohort(tmp_path):
    rows = []
    for number in range(4):
        noise = np.random.default_rng(number).normal(size=(6, 6, 6)).astype(np.float32)
        nibabel.save(nibabel.Nifti1Image(noise, np.eye(4)), tmp_path / f"{number}.nii.gz")
        rows.append({"subject_id": f"s{number}", "flair": f"{number}.nii.gz"})
    return write_manifest(tmp_path / "m.csv", rows).path


def test_a_second_check_opens_only_what_has_changed(cohort, tmp_path):
    first = check_manifest(cohort, depth="voxels", cache=tmp_path / "cache")
    (tmp_path / "2.nii.gz").write_bytes(b"")
    second = check_manifest(cohort, depth="voxels", cache=tmp_path / "cache")
    assert (first.files, first.cached, second.cached) == (4, 0, 3)
    assert [(finding.code, finding.subject) for finding in second.findings] == [("E103", "s2")]


def test_the_answer_is_the_same_with_and_without_the_cache_and_for_any_number_of_jobs(cohort, tmp_path):
    (tmp_path / "1.nii.gz").write_bytes((tmp_path / "1.nii.gz").read_bytes()[:200])
    answers = {
        check_manifest(cohort, depth="voxels", jobs=jobs, cache=cache).findings
        for jobs in (1, 3)
        for cache in (None, tmp_path / "cache", tmp_path / "cache")
    }
    assert len(answers) == 1


def test_an_interrupted_check_goes_on_where_it_was(cohort, tmp_path, monkeypatch):
    def interrupted(path, role, *, depth):
        if path.name == "2.nii.gz":
            raise KeyboardInterrupt
        return inspect_file(path, role, depth=depth)

    with monkeypatch.context() as patched:
        patched.setattr(files, "inspect_file", interrupted)
        with pytest.raises(KeyboardInterrupt):
            check_manifest(cohort, depth="header", jobs=1, cache=tmp_path / "cache")
    assert check_manifest(cohort, depth="header", cache=tmp_path / "cache").cached == 2


def test_a_root_that_is_not_set_is_one_finding(cohort, monkeypatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    sidecar = cohort.with_suffix(".json")
    sidecar.write_text('{"modalities": ["flair"], "root": "env:NOWHERE"}')
    assert [finding.code for finding in check_manifest(cohort).findings] == ["E111"]
