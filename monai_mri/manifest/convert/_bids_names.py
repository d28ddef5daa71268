"""How people, visits and images are called in a BIDS-like tree."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from monai_mri.errors import ManifestError, UsageError

MASKS = PurePosixPath("derivatives/masks")
SUFFIXES = {
    "flair": "FLAIR",
    "t1": "T1w",
    "t1w": "T1w",
    **dict.fromkeys(
        (
            "t1c",
            "t1ce",
            "t1gd",
            "t1_ce",
            "t1_gd",
            "t1post",
            "t1_post",
            "t1km",
            "t1w_ce",
            "t1w_gd",
            "t1w_post",
        ),
        "ce-gadolinium_T1w",
    ),
    "t2": "T2w",
    "t2w": "T2w",
    "t2star": "T2starw",
    "pd": "PDw",
    "pdw": "PDw",
    "qsm": "Chimap",
    "swi": "SWI",
}
_NOT_ALNUM = re.compile(r"[^0-9A-Za-z]+")
_SUFFIX = re.compile(r"([a-z]+-[0-9A-Za-z]+_)*[0-9A-Za-z]+")


@dataclass(frozen=True)
class Place:
    """Where the images of one row go: its folder below the tree's root, and the start of its files' names."""

    folder: PurePosixPath
    stem: str


def places(manifest: str, rows: Sequence[Mapping[str, str]]) -> list[Place]:
    """The place of each row: `sub-<id>[/ses-<id>]/anat`, rows of one visit numbered as runs.

    Raises:
        ManifestError: two people, or two visits of one, would have one id.
    """
    subjects = clean_ids(manifest, "sub-", [row["subject_id"] for row in rows])
    visits: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["session_id"]:
            visits[row["subject_id"]].append(row["session_id"])
    sessions = {subject: clean_ids(manifest, "ses-", found) for subject, found in visits.items()}
    keys = [(row["subject_id"], row["session_id"]) for row in rows]
    counts = Counter(keys)
    seen: dict[tuple[str, str], int] = defaultdict(int)
    found = []
    for subject, session in keys:
        seen[subject, session] += 1
        entities = [f"sub-{subjects[subject]}"]
        if session:
            entities.append(f"ses-{sessions[subject][session]}")
        folder = PurePosixPath(*entities, "anat")
        if counts[subject, session] > 1:
            entities.append(f"run-{seen[subject, session]}")
        found.append(Place(folder, "_".join(entities)))
    return found


def clean_ids(manifest: str, prefix: str, ids: Iterable[str]) -> dict[str, str]:
    """Each id as letters and digits, a leading `prefix` taken off.

    Raises:
        ManifestError: nothing is left of one, or two become the same (A is a, as on a Mac).

    >>> clean_ids("m.csv", "sub-", ["sub-001", "pat_7"])
    {'sub-001': '001', 'pat_7': 'pat7'}
    """
    clean: dict[str, str] = {}
    taken: dict[str, str] = {}
    for name in dict.fromkeys(ids):
        clean[name] = _NOT_ALNUM.sub("", name.removeprefix(prefix))
        other = taken.setdefault(clean[name].lower(), name)
        if not clean[name] or other != name:
            shown = f"{prefix}{clean[name]}"[:8]
            what = "two ids would both be" if clean[name] else "an id has no letter or digit, and would be"
            raise ManifestError(
                f"{manifest}: {what} {shown}…, expected ids that differ in letters and digits; rename one"
            )
    return clean


def modality_suffixes(manifest: str, modalities: Sequence[str], chosen: str) -> dict[str, str]:
    """The BIDS suffix of each modality; `chosen` is such as "flair=FLAIR,swi=SWI".

    Raises:
        UsageError: an entry of `chosen` names no modality, or is no suffix.
        ManifestError: two modalities would have one.

    >>> modality_suffixes("m.csv", ["flair", "t1", "gm map"], "")
    {'flair': 'FLAIR', 't1': 'T1w', 'gm map': 'gmmap'}
    """
    named = {}
    for entry in filter(None, chosen.split(",")):
        name, _, suffix = entry.partition("=")
        if name not in modalities or not _SUFFIX.fullmatch(suffix):
            raise UsageError(
                f"suffixes: {entry!r}, expected MODALITY=SUFFIX with one of {', '.join(modalities)} and a "
                "suffix of letters and digits, such as flair=FLAIR; correct it"
            )
        named[name] = suffix
    found = {
        name: named.get(name) or SUFFIXES.get(name.lower()) or _NOT_ALNUM.sub("", name) for name in modalities
    }
    for name, suffix in found.items():
        twins = [other for other, taken in found.items() if taken.lower() == suffix.lower()]
        if not suffix or len(twins) > 1:
            raise ManifestError(
                f"{manifest}: modalities {', '.join(twins or [name])} would have the suffix {suffix!r}, "
                f"expected one each; choose with --option suffixes={name}=NAME"
            )
    return found
