"""A folder that is written anew beside the old one and takes its place when it is whole."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from monai_mri.engines.durable import write_text_durably
from monai_mri.errors import UsageError

WRITTEN = ".written"  # names of the files that the step left, a line each
TEMPORARY = re.compile(r"\.(?P<name>.+)\.\d+\.tmp")

Own = Callable[[Path], bool]


@contextmanager
def fresh_folder(final: Path, *, is_own: Own) -> Iterator[Path]:
    """Yield an empty `<final>.part` that is renamed to `final` if the block ends well, and removed if not.

    Until then the old `final` is as it was. Afterwards the files that were in it are removed, if the step
    wrote them; what somebody else put there is moved to its place in the new folder. A kill leaves either the
    old folder or the new one, or for a moment `<final>.old`, which the next call puts back or away.

    Args:
        final: the folder; it need not exist.
        is_own: whether a file, its path relative to the folder, is one that the step writes. No other file is
            ever removed.

    Raises:
        UsageError: `<final>.part` or `<final>.old` holds files that are not the step's.
    """
    final = final.resolve()
    part, old = (final.with_name(f"{final.name}.{ending}") for ending in ("part", "old"))
    if old.exists() and not final.exists():
        old.rename(final)
    _put_away(old, final, is_own)
    _clear(part, is_own)
    for folder in (part, old):
        if folder.exists():
            raise UsageError(
                f"{folder}: holds files that this step did not write, expected no such folder; move them away"
            )
    part.mkdir(parents=True)
    try:
        yield part
        names = sorted(path.relative_to(part).as_posix() for path in _files(part))
        write_text_durably(part / WRITTEN, "".join(f"{name}\n" for name in names))
    except BaseException:
        _clear(part, is_own)
        raise
    if final.exists():
        final.rename(old)
    part.rename(final)
    _put_away(old, final, is_own)


def _files(folder: Path) -> list[Path]:
    """All files below; a link to a folder counts as a file."""
    found = []
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        found += [Path(place) / name for name in (*names, *links)]
    return found


def _clear(folder: Path, is_own: Own) -> None:
    """Remove the step's files, then the folders that are empty."""
    listed = folder / WRITTEN
    known = set(listed.read_text().splitlines()) if listed.is_file() else None
    for path in _files(folder):
        inside = path.relative_to(folder)
        temporary = TEMPORARY.fullmatch(path.name)
        if temporary:
            own = is_own(inside.with_name(temporary["name"])) or temporary["name"] == WRITTEN
        else:
            own = is_own(inside) if known is None else inside.as_posix() in known
        if own:
            path.unlink()
    listed.unlink(missing_ok=True)  # last: it says what may go
    _remove_empty(folder)


def _remove_empty(folder: Path) -> None:
    for place, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):  # it is not empty
            Path(place).rmdir()


def _put_away(old: Path, final: Path, is_own: Own) -> None:
    """Remove the step's files from the old folder and move the others to the new one, unless one is there."""
    _clear(old, is_own)
    for path in _files(old):
        place = final / path.relative_to(old)
        if not place.exists():
            with suppress(OSError):  # a file lies where its folder would
                place.parent.mkdir(parents=True, exist_ok=True)
                path.rename(place)
    _remove_empty(old)
    if old.exists():
        write_text_durably(old / WRITTEN, "")  # what is left is not the step's, whatever its name
