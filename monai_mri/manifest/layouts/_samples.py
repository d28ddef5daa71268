"""What a layout hands back: the samples it found, and what it left out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest.core import Skipped


@dataclass(frozen=True)
class Sample:
    """One row to be: whose image it is, the file of each modality, and its mask if it has one."""

    subject_id: str
    images: dict[str, Path]
    mask: Path | None = None
    session_id: str = ""
    site: str = ""
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Collected:
    """The samples of a folder in a fixed order, and each file that was not taken, with the reason.

    A layout whose images do not exist yet (DICOM to convert, patches to cut) gives `make`: called with an
    empty folder it writes them there, with a progress bar, and returns what it made. Until then `samples`
    is the plan, with paths relative to that folder. `channels` names the volumes of a column whose images
    are 4D, `mask_labels` what masks may hold other than 0 and 1.
    """

    modalities: tuple[str, ...]
    samples: tuple[Sample, ...]
    skipped: tuple[Skipped, ...] = ()
    channels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mask_labels: tuple[int, ...] = ()
    make: Callable[[Path], Collected] | None = None


def files_below(folder: Path) -> list[Path]:
    """All files below a folder in the order of their names, hidden ones left out; no folder twice.

    Raises:
        ManifestError: there is no such folder.
    """
    if not folder.is_dir():
        raise ManifestError(f"{folder}: no such folder, expected one with images; check the path")
    return sorted(_walk(folder), key=lambda path: path.relative_to(folder).parts)


def compiled(pattern: str, *, option: str) -> re.Pattern[str]:
    """A regular expression given as an option.

    Raises:
        UsageError: it is not one.
    """
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UsageError(
            f"{option}: {pattern!r} ({error}), expected a regular expression; correct it"
        ) from error


def matched(pattern: re.Pattern[str], text: str) -> str:
    """What a pattern finds in a text: its first group, else all of it; empty when nothing."""
    found = pattern.search(text)
    return "" if found is None else found.group(1 if pattern.groups else 0) or ""


def _walk(folder: Path) -> Iterator[Path]:
    seen: set[tuple[int, int]] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        status = os.stat(parent)
        if (status.st_dev, status.st_ino) in seen:  # a link back to a folder above
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in names if not name.startswith("."))
