"""The class of each lesion: from the volume's values or from a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.patches.components import Lesion
from monai_mri.manifest.patches.scans import Scan
from monai_mri.manifest.table import read_table

LABELS = ("component", "value", "table")

ClassOf = Callable[[Scan, Lesion], str]
"""The class of a lesion, empty where it has none."""


def by_value(names: Mapping[str, str]) -> ClassOf:
    """The class is the commonest value of the lesion's voxels, under the name given to it, if any are."""

    def class_of(_: Scan, lesion: Lesion) -> str:
        value = str(lesion.value)
        return names.get(value, "") if names else value

    return class_of


class TableClasses:
    """Classes from a CSV with columns subject_id, lesion_id, label and, if need be, session_id.

    A row without a session holds for every session of the subject. `unmet` names rows of no lesion.

    Raises:
        ManifestError: the table cannot be read, lacks a column, or has two classes for one lesion.
    """

    def __init__(self, path: Path, names: Mapping[str, str]) -> None:
        self._names = names
        self._classes: dict[tuple[str, str, str], str] = {}
        self._met: set[tuple[str, str, str]] = set()
        self._file = path.name
        table, _ = read_table(path, images=())
        for column in ("lesion_id", "label"):
            if column not in table:
                raise ManifestError(f"{path}: no column {column!r}, expected one; add it to the table")
        columns = ("subject_id", "session_id", "lesion_id", "label")
        for subject, session, lesion_id, label in zip(*(table[name] for name in columns), strict=True):
            key = (subject, session, _plain(lesion_id))
            if self._classes.setdefault(key, label) != label:
                found = f"lesion {lesion_id} of {' '.join(key[:2]).strip()} has two labels"
                raise ManifestError(f"{path}: {found}, expected one; correct the table")

    def __call__(self, scan: Scan, lesion: Lesion) -> str:
        """The class of a lesion, empty where it has none."""
        number = str(lesion.number)
        own, shared = (scan.subject_id, scan.session_id, number), (scan.subject_id, "", number)
        self._met |= {own, shared}
        label = self._classes.get(own, "") or self._classes.get(shared, "")
        return self._names.get(label, "") if self._names else label

    def unmet(self) -> Iterator[Skipped]:
        """The rows that no lesion asked for has met."""
        for key in self._classes:
            if key not in self._met:
                where = f"{self._file}: {' '.join(filter(None, key[:2]))} lesion {key[2]}"
                yield Skipped(where, "a row of the table, but no scan has such a lesion")


def class_names(text: str) -> dict[str, str]:
    """The option `classes`: `2=re,6=re,3=de` as a mapping.

    Raises:
        UsageError: an entry is not VALUE=NAME, or a value stands twice.

    >>> class_names("2=re, 6=re")
    {'2': 're', '6': 're'}
    """
    names: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        value, equals, name = (part.strip() for part in entry.partition("="))
        if not (value and equals and name) or value in names:
            raise UsageError(f"classes: {entry!r}, expected VALUE=NAME, each value once; correct it")
        names[value] = name
    return names


def _plain(lesion_id: str) -> str:
    return str(int(lesion_id)) if lesion_id.strip().isdecimal() else lesion_id.strip()
