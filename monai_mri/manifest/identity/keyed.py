"""Judge a named value, as in DICOM, a JSON sidecar, XMP or the text of a picture."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from monai_mri.manifest.identity.hits import Hit
from monai_mri.manifest.identity.languages import MAY_BE_PERSON, PERSON, plain_name
from monai_mri.manifest.identity.traces import traces
from monai_mri.manifest.identity.vocabulary import is_placeholder, unusual_words

OLDEST_AGE = 89
PUBLIC_UIDS = ("1.2.840.10008.", "2.25.")  # those of the DICOM standard, and those made at random
# Keys that name persons in one program and something else in the next.
_VAGUE = {
    "name",
    "reader",
    "rater",
    "user",
    "patient",
    "owner",
    "street",
    "mail",
    "tel",
    "experimenter",
    "zip",
}
# Names of keys and columns that other programs than DICOM's use, in small letters without signs.
_KEYS = {
    "person": """
        name surname lastname firstname givenname familyname middlename fullname maidenname birthname
        patientname patientsname subjectname dob birthdate dateofbirth birthday birth patientbirthdate
        mrn medicalrecordnumber medicalrecord hospitalnumber hospitalid nhsnumber nhs ssn
        socialsecuritynumber socialsecurity insurancenumber passport casenumber accession
        accessionnumber address street streetaddress homeaddress zip zipcode postcode postalcode plz
        phone phonenumber telephone tel fax email mail emailaddress patient physician doctor
        referringphysician operator operatorname technician radiologist reader readername rater
        ratername creator author artist owner cameraownername experimenter username user
    """,
    "site": """
        institution institutionname hospital hospitalname clinic department stationname
        deviceserialnumber serialnumber bodyserialnumber scannerserial serial hostcomputer hostname
        host computername
    """,
    "text": """
        description imagedescription comment comments usercomment note notes remarks history abstract
        subject title caption keywords headline
    """,
}


@cache
def profile() -> dict[str, str]:
    """Which reason (see `hits`) a DICOM attribute's keyword stands for, by PS3.15 Annex E."""
    content = json.loads(Path(__file__).with_name("dicom_profile.json").read_text(encoding="utf-8"))
    return {keyword: group for group, names in content.items() if group != "edition" for keyword in names}


@cache
def reason_of_key(key: str) -> str:
    """The reason that a key's name alone gives; empty where its name says nothing.

    >>> reason_of_key("PatientName"), reason_of_key("Date of birth"), reason_of_key("EchoTime")
    ('person', 'person', '')
    """
    plain = plain_name(key)
    if plain in _by_plain_key():
        return _by_plain_key()[plain]
    return "uid" if plain.endswith("uid") and not plain.endswith("classuid") else ""


def value_hits(field: str, value: str, *, key: str | None = None) -> Iterator[Hit]:
    """What a named value gives away; `key` is the name to judge by where `field` says more than the name.

    >>> [hit.reason for hit in value_hits("PatientName", "Smith^John")]
    ['person']
    >>> list(value_hits("PatientID", "sub-01"))
    []
    """
    value = value.replace("\0", " ").strip()
    if is_placeholder(value):
        return
    key = field if key is None else key
    reason = reason_of_key(key)
    if reason == "person" and plain_name(key) in _VAGUE | MAY_BE_PERSON:
        looks = any(trace.kind == "name" for trace in traces(value, names=True))
        yield from [Hit("person", field, value)] if looks else trace_hits(field, value, loose=True)
    elif reason in ("person", "site"):
        yield Hit(reason, field, value)
    elif reason == "uid":
        if not value.startswith(PUBLIC_UIDS):
            yield Hit("uid", field, value)
    elif reason == "text":
        yield from free_text_hits(field, value)
    elif plain_name(key) in ("age", "patientage", "ageyears", "ageatscan"):
        yield from age_hits(field, value)
    else:
        yield from trace_hits(field, value)


def age_hits(field: str, value: str) -> Iterator[Hit]:
    """An age over 89 years, as `91`, `91.5` or DICOM's `091Y`."""
    match = re.fullmatch(r"(\d{1,3})(?:[.,]\d*)?\s*(?:y|years?)?", value.strip(), re.IGNORECASE)
    if match and int(match[1]) > OLDEST_AGE:
        yield Hit("age", field, value)


def free_text_hits(field: str, value: str) -> Iterator[Hit]:
    """What free text gives away: traces, else words that neither software nor a protocol explains."""
    hits = list(trace_hits(field, value, loose=True))
    yield from hits
    if not hits and unusual_words(value):
        yield Hit("text", field, value)


def trace_hits(field: str, value: str, *, loose: bool = False) -> Iterator[Hit]:
    """Traces in a value; `loose` also takes what looks like a name or a record number."""
    reasons = {
        "date": "date",
        "e-mail address": "contact",
        "telephone number": "contact",
        "home folder": "home",
        "long number": "number",
        "name": "name",
    }
    for trace in traces(value, names=loose, numbers=loose):
        yield Hit(reasons[trace.kind], field, trace.value)


@cache
def _by_plain_key() -> dict[str, str]:
    keys = {name: group for group, names in _KEYS.items() for name in names.split()}
    keys |= dict.fromkeys(PERSON | MAY_BE_PERSON, "person")
    return keys | {keyword.lower(): group for keyword, group in profile().items() if group != "other"}
