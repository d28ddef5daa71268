"""Rows that look like slices or patches of one scan, each listed as a subject of its own."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

ENDINGS = (".nii.gz", ".nii", ".jpeg", ".jpg", ".png", ".tiff", ".tif")
PICTURES = (".jpeg", ".jpg", ".png", ".tiff", ".tif")
NUMBERED = re.compile(r"\d\.(nii|nii\.gz|jpe?g|png|tiff?)$", re.IGNORECASE)
LAST_NUMBER = re.compile(r"^(?P<stem>.*?)(?P<number>\d+)$")
SLICE_WORD = re.compile(r"(?:slice|slc|patch|tile|frame|img|image|z)[-_]?$", re.IGNORECASE)
DATED_SCAN = re.compile(r"\d{6,}[-_.]$")
PACKED_NUMBER = re.compile(r"^(?P<scan>[1-9]\d{2,})(?P<slice>\d{3})$")


@dataclass(frozen=True)
class Series:
    """Rows, by their places in the table, whose file names share `scan` and differ in a slice number."""

    scan: str
    rows: tuple[int, ...]


def scan_series(subjects: Sequence[str], paths: Sequence[str]) -> list[Series]:
    """Groups of rows that are likely one scan cut into pieces under several subjects.

    A group's file names lie in one folder and share all but a number at their end, in one of three forms:

    - a word for a piece before the number: `p7_slice012.png`;
    - a date or another number of six digits and more before it: `TCGA_CS_4941_19960909_1.tif`;
    - a bare picture's number of six digits and more whose last three count the slices: `105012.jpg`,
      `105013.jpg`, but not `000012.jpg`, a running number.

    It is reported where the rows name at least two subjects and at least two different numbers. A number that
    may be the subject's own (`sub-001_flair.nii.gz`, `patient01/FLAIR.nii.gz`, `brain_12.jpg`) is never taken
    for a slice's, nor is a running index before codes, as in brisc2025: such names do not say who the patient
    is, and nothing is reported.

    >>> scan_series(["a", "b"], ["x/105012.jpg", "x/105013.jpg"])
    [Series(scan='x/105', rows=(0, 1))]
    >>> scan_series(["1", "2"], ["sub-001_flair.nii.gz", "sub-002_flair.nii.gz"])
    []
    """
    groups: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, path in enumerate(paths):
        piece = _piece(path)
        if piece is not None:
            groups[piece[0]].append((row, piece[1]))
    return [
        Series(scan, tuple(row for row, _ in found))
        for scan, found in groups.items()
        if len({subjects[row] for row, _ in found}) > 1 and len({number for _, number in found}) > 1
    ]


def _piece(path: str) -> tuple[str, int] | None:
    """The scan's name and the piece's number, where a path has them."""
    if not NUMBERED.search(path):  # nearly all have none, and this is quick
        return None
    place = PurePosixPath(path.replace("\\", "/"))
    ending = next((end for end in ENDINGS if place.name.lower().endswith(end)), "")
    name = place.name[: len(place.name) - len(ending)]
    packed = PACKED_NUMBER.match(name)
    if packed and ending in PICTURES:
        return str(place.parent / packed["scan"]), int(packed["slice"])
    match = LAST_NUMBER.match(name)
    if match is None or not match["stem"]:
        return None
    stem = match["stem"]
    # `slice01.png` alone in a folder per patient is held apart by the folder, part of the scan's name.
    if not (_is_slice_word(stem) or DATED_SCAN.search(stem)):
        return None
    return str(place.parent / stem), int(match["number"])


def _is_slice_word(stem: str) -> bool:
    found = SLICE_WORD.search(stem)
    if found is None:
        return False
    before = stem[: found.start()]
    # The word must stand by itself, after something that names the scan: not `img_12`, not `quiz3`.
    return bool(before) and not before[-1].isalpha()
