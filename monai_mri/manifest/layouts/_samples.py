"""What a layout hands back: the samples it found, and what it left out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
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

    Names that are no UTF-8, which a manifest cannot hold, are left out as well: `utf8_only` tells them.

    Raises:
        ManifestError: there is no such folder.
    """
    if not folder.is_dir():
        raise ManifestError(f"{folder}: no such folder, expected one with images; check the path")
    names = ((path, path.relative_to(folder)) for path in _walk(folder))
    return [path for path, name in sorted(names, key=lambda pair: pair[1].parts) if _is_utf8(str(name))]


def utf8_only(collected: Collected, root: Path) -> Collected:
    """What was collected without names and values that are no UTF-8, and these skipped; also what is made."""
    kept = [sample for sample in collected.samples if all(map(_is_utf8, _texts(sample, root)))]
    skipped = [Skipped(_escaped(entry.path), _escaped(entry.why)) for entry in collected.skipped]
    told = {entry.path for entry in skipped}
    odd = {
        _escaped(name) for sample in collected.samples for name in _texts(sample, root) if not _is_utf8(name)
    }
    if root.is_dir():
        odd |= {
            _escaped(name) for path in _walk(root) if not _is_utf8(name := path.relative_to(root).as_posix())
        }
    skipped += [Skipped(name, "its name is not UTF-8: rename it") for name in sorted(odd - told)]
    make = collected.make
    return replace(
        collected,
        samples=tuple(kept),
        skipped=tuple(skipped),
        make=None if make is None else lambda folder: utf8_only(make(folder), root),
    )


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


def _is_utf8(text: str) -> bool:
    r"""Whether a text can be written; bytes of a file name that are no UTF-8 stand in it as surrogates.

    >>> _is_utf8("Läsion"), _is_utf8("L\udce4sion")
    (True, False)
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _escaped(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _texts(sample: Sample, root: Path) -> list[str]:
    """All text of a sample that a manifest would hold."""
    files = [*sample.images.values(), *([] if sample.mask is None else [sample.mask])]
    names = [(path.relative_to(root) if path.is_relative_to(root) else path).as_posix() for path in files]
    return [sample.subject_id, sample.session_id, sample.site, *sample.extra, *sample.extra.values(), *names]


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
