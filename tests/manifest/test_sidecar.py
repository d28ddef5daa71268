from __future__ import annotations

import hashlib

import pytest

from monai_mri.errors import ImageError, ManifestError
from monai_mri.manifest import file_record, make_sidecar, read_sidecar, write_sidecar

ROWS = [{"subject_id": "sub-001", "flair": "sub-001/sub-001_flair.nii.gz", "mask": ""}]


def test_a_record_says_what_the_file_is(cohort):
    path = cohort / "sub-001" / "sub-001_flair.nii.gz"
    record = file_record(path)
    assert record.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (record.shape, record.spacing_mm, record.orientation) == ((6, 7, 3), (2.0, 2.0, 4.0), "LAS")


def test_every_file_of_the_rows_gets_a_record_under_its_cell(cohort):
    rows = [ROWS[0], {"flair": "", "mask": "sub-002/sub-002_plaques.nii.gz"}]
    sidecar = make_sidecar(rows, folder=cohort, modalities=("flair",), source="made here", licence="CC0")
    assert list(sidecar.files) == ["sub-001/sub-001_flair.nii.gz", "sub-002/sub-002_plaques.nii.gz"]
    assert (sidecar.source, sidecar.licence, sidecar.root) == ("made here", "CC0", ".")


def test_what_is_written_is_what_is_read(cohort):
    sidecar = make_sidecar(ROWS, folder=cohort, modalities=("flair",))
    write_sidecar(cohort / "m.csv", sidecar)
    assert read_sidecar(cohort / "m.csv") == sidecar
    assert (cohort / "m.json").exists()


def test_a_missing_image_or_sidecar_is_refused(cohort):
    with pytest.raises(ImageError, match=r"none\.nii"):
        make_sidecar([{"flair": "none.nii"}], folder=cohort, modalities=("flair",))
    with pytest.raises(ManifestError, match=r"m\.json"):
        read_sidecar(cohort / "m.csv")
