"""Named values."""

from __future__ import annotations

import pytest

from monai_mri.manifest.identity.keyed import age_hits, free_text_hits, reason_of_key, value_hits


@pytest.mark.parametrize(
    "key", ["PatientName", "patient_name", "Date of Birth", "DOB", "E-Mail address", "mrn"]
)
def test_keys_of_persons_are_known_however_they_are_written(key):
    assert reason_of_key(key) == "person"


@pytest.mark.parametrize("key", ["EchoTime", "SOPClassUID", "subject_id", "participant_id", "site", "age"])
def test_other_keys_say_nothing(key):
    assert reason_of_key(key) == ""


@pytest.mark.parametrize(
    ("age", "old"), [("89", False), ("90", True), ("091Y", True), ("91.5", True), ("011M", False)]
)
def test_ages_over_89_years_are_told(age, old):
    assert bool(list(age_hits("age", age))) == old


def test_text_of_software_gives_nothing_and_other_text_does():
    assert not list(free_text_hits("descrip", "FSL5.0"))
    assert [hit.reason for hit in free_text_hits("descrip", "for miller")] == ["text"]


def test_an_empty_value_gives_nothing():
    assert not list(value_hits("PatientName", " \0"))
