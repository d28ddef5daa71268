"""Whose scan it is: numbers in place of names, visits in place of dates."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from monai_mri.errors import ManifestError
from monai_mri.files import write_whole
from monai_mri.manifest.dicom.tags import Instance
from monai_mri.manifest.table import escape, unescape


def pseudonyms(patients: Iterable[str], *, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """`sub-001`, `sub-002` … for patients, numbered in the order of the SHA-256 of their ids.

    The number says nothing of the id, nor of the order in which patients came. `known` are pseudonyms
    given before, which stay; new patients then get the next free numbers.

    >>> pseudonyms(["A17", "B2"]) == pseudonyms(["B2", "A17"])
    True
    >>> pseudonyms(["B2", "A17"], known={"A17": "sub-001"})
    {'A17': 'sub-001', 'B2': 'sub-002'}
    """
    given = dict(known or {})
    taken = [int(digits) for name in given.values() for digits in re.findall(r"\d+$", name)]
    new = sorted({*patients} - given.keys(), key=lambda patient: hashlib.sha256(patient.encode()).digest())
    first = max(taken, default=0) + 1
    return given | {patient: f"sub-{number:03d}" for number, patient in enumerate(new, first)}


def visits(images: Iterable[Instance], *, owner: Callable[[Instance], str]) -> dict[tuple[str, str], str]:
    """The visit (`ses-01` …) of each subject and study, by the date of the study.

    `owner` says whose an image is. Studies of one day are one visit; a study without a date is a visit
    of its own, after the others.
    """
    days: dict[str, dict[tuple[str, str], None]] = {}
    visit: dict[tuple[str, str], tuple[str, str]] = {}
    for image in sorted(images, key=lambda image: (image.date or "9", image.study)):
        subject = owner(image)
        day = visit.setdefault((subject, image.study), (image.date, "" if image.date else image.study))
        days.setdefault(subject, {})[day] = None
    numbers = {subject: {day: n for n, day in enumerate(order, 1)} for subject, order in days.items()}
    return {(subject, study): f"ses-{numbers[subject][day]:02d}" for (subject, study), day in visit.items()}


def read_subject_map(path: Path) -> dict[str, str]:
    """Pseudonym of each patient as `write_subject_map` wrote them; none where there is no file.

    Raises:
        ManifestError: not such a file, or one pseudonym for two patients.
    """
    if not path.exists():
        return {}
    todo = "give the file that an earlier run wrote, or a new name"
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
        known = {unescape(row["patient_id"]): row["subject_id"] for row in rows}
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
        found = f"not a subject map ({type(error).__name__})"
        raise ManifestError(
            f"{path}: {found}, expected a CSV with columns subject_id and patient_id; {todo}"
        ) from None
    if len(set(known.values())) < len(rows):
        raise ManifestError(f"{path}: an id stands twice, expected each once; {todo}")
    return known


def write_subject_map(path: Path, known: Mapping[str, str]) -> Path:
    """Write which pseudonym is which patient, readable by the user alone. Keep it away from the data.

    Raises:
        OSError: it cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("subject_id", "patient_id"))
    writer.writerows(sorted((escape(name), escape(patient)) for patient, name in known.items()))
    return write_whole(path, text.getvalue().encode(), private=True)


def folder_name(text: str) -> str:
    """An id as a folder's or file's name: letters, digits, `-` and `_`; others become `-`.

    >>> folder_name("../A 17")
    '---A-17'
    """
    return re.sub(r"[^A-Za-z0-9_-]", "-", text) or "-"
