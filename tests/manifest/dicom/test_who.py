from __future__ import annotations

import os

import pytest

from monai_mri.errors import ManifestError
from monai_mri.manifest.dicom.tags import read_instance
from monai_mri.manifest.dicom.who import pseudonyms, read_subject_map, visits, write_subject_map


def test_pseudonyms_do_not_follow_the_order_of_the_ids():
    patients = [f"P{number:02d}" for number in range(20)]
    given = pseudonyms(patients)
    assert sorted(given.values()) == [f"sub-{number:03d}" for number in range(1, 21)]
    assert [given[patient] for patient in patients] != sorted(given.values())


def test_known_pseudonyms_stay_and_new_ones_follow():
    given = pseudonyms(["A", "B"], known={"Z": "sub-041", "B": "sub-007"})
    assert given == {"Z": "sub-041", "B": "sub-007", "A": "sub-042"}


def test_a_subject_map_is_read_as_it_was_written(tmp_path):
    known = {'Müller, "A"': "sub-001", "=1+1": "sub-002", "001": "sub-003"}
    assert read_subject_map(write_subject_map(tmp_path / "key.csv", known)) == known
    assert read_subject_map(tmp_path / "none.csv") == {}


@pytest.mark.parametrize("text", ["subject_id,patient_id\nsub-001,A\nsub-001,B\n", "a,b\n1,2\n", "\xff"])
def test_a_subject_map_that_is_wrong_is_refused(tmp_path, text):
    (tmp_path / "key.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(ManifestError, match=r"key\.csv"):
        read_subject_map(tmp_path / "key.csv")


def test_studies_of_one_day_are_one_visit_and_undated_ones_come_last(write_series, tmp_path):
    dates = {"1.1": "20200102", "1.2": "20200102", "1.3": "20190101", "1.4": ""}
    images = [
        read_instance(write_series(tmp_path / study, slices=[0], StudyInstanceUID=study, StudyDate=date)[0])
        for study, date in dates.items()
    ]
    visit = visits(images, owner=lambda image: image.patient)
    assert {study: name for (_, study), name in visit.items()} == {
        "1.1": "ses-02",
        "1.2": "ses-02",
        "1.3": "ses-01",
        "1.4": "ses-03",
    }


@pytest.mark.parametrize("planted", ["file", "link"])
def test_a_subject_map_is_its_owners_alone_whatever_was_planted(tmp_path, planted):
    for name in (".key.csv.tmp", f".key.csv.{os.getpid()}.tmp"):
        place = tmp_path / name
        if planted == "link":
            (tmp_path / "victim").write_text("precious")
            place.symlink_to(tmp_path / "victim")
        else:
            place.write_text("x")
            place.chmod(0o666)
    path = write_subject_map(tmp_path / "key.csv", {"A": "sub-001"})
    assert path.stat().st_mode & 0o777 == 0o600
    assert planted == "file" or (tmp_path / "victim").read_text() == "precious"
