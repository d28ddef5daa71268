from __future__ import annotations

import json

import nibabel
import numpy as np
import pytest

from monai_mri.manifest import write_manifest
from monai_mri.manifest.checks import check_manifest


@pytest.fixture
def cohort(tmp_path):
    for subject in ("a", "b"):
        noise = np.random.default_rng(ord(subject)).normal(100, 9, (12, 12, 12)).astype(np.float32)
        image = nibabel.Nifti1Image(noise, np.eye(4))
        if subject == "b":
            image.header["descrip"] = b"Smith^John 1950-01-02"
        nibabel.save(image, tmp_path / f"{subject}.nii.gz")
    (tmp_path / "a.json").write_text(json.dumps({"PatientName": "Doe^Jane", "EchoTime": 0.1}))
    rows = [{"subject_id": subject, "flair": f"{subject}.nii.gz"} for subject in "ab"]
    return write_manifest(tmp_path / "m.csv", rows).path


def found(cohort, depth):
    findings = check_manifest(cohort, depth=depth, phi=True, jobs=1).findings
    return {(finding.subject, finding.path, finding.code) for finding in findings if finding.code[1] == "8"}


def test_names_in_headers_and_beside_images_are_said_of_their_subject(cohort):
    told = found(cohort, "header")
    assert ("a", "a.json", "E801") in told
    assert any(entry[:2] == ("b", "b.nii.gz") for entry in told)


def test_no_file_is_opened_at_depth_table(cohort):
    assert found(cohort, "table") == set()


def test_nothing_is_said_unless_asked(cohort):
    assert not any(finding.code[1] == "8" for finding in check_manifest(cohort, depth="header").findings)


def test_no_message_holds_the_name(cohort):
    for finding in check_manifest(cohort, depth="voxels", phi=True).findings:
        assert not any(word in str(finding) for word in ("Smith", "John", "Doe", "Jane", "1950-01-02"))
