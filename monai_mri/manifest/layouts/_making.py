"""What the layouts that make their images share: options as text, threads, a folder for the images."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from monai_mri.errors import UsageError
from monai_mri.files import write_whole
from monai_mri.manifest.paths import sha256_of_file

RECORD = ".made-by-monai-mri"

Item = TypeVar("Item")
Result = TypeVar("Result")


def one_of(value: str, known: Sequence[str], *, option: str) -> str:
    """An option's value, which must be one of a few.

    Raises:
        UsageError: it is another.
    """
    if value not in known:
        names = ", ".join(repr(name) for name in known)
        raise UsageError(f"{option}: {value!r} is unknown, expected {names}; choose one of those")
    return value


def number(value: str, *, option: str, least: float = 0.0) -> float:
    """An option's value as a number of at least `least`.

    Raises:
        UsageError: it is none, or smaller.
    """
    try:
        found = float(value)
    except ValueError:
        found = float("nan")
    if not least <= found < float("inf"):
        raise UsageError(f"{option}: {value!r}, expected a number of {least:g} or more; correct it")
    return found


def whole(value: str, *, option: str, least: int = 1) -> int:
    """An option's value as a whole number of at least `least`.

    Raises:
        UsageError: it is none, or smaller.
    """
    found = number(value, option=option, least=least)
    if found != int(found):
        raise UsageError(f"{option}: {value!r}, expected a whole number; correct it")
    return int(found)


def threads(jobs: str) -> int:
    """How many threads the option `jobs` asks for; every processor when it is empty.

    Raises:
        UsageError: it is not a whole number of 1 or more.
    """
    return whole(jobs or str(os.cpu_count() or 1), option="jobs")


def in_threads(
    work: Callable[[Item], Result], items: Iterable[Item], *, jobs: int, what: str
) -> list[Result]:
    """The result of each item in order, with a progress bar on a terminal.

    The first error, or Ctrl-C, cancels what has not begun.
    """
    from tqdm import tqdm

    pool = ThreadPoolExecutor(jobs)
    try:
        futures = [pool.submit(work, item) for item in items]
        return [future.result() for future in tqdm(futures, desc=what, disable=None, leave=False)]
    finally:
        pool.shutdown(cancel_futures=True)


def only_over_own(make: Callable[[Path], Result]) -> Callable[[Path], Result]:
    """A function that makes images in a folder, kept from replacing files that it did not make.

    The folder may be new, empty, or hold what an earlier run made there, as it was: `.made-by-monai-mri` in
    it lists the files with their SHA-256. Hidden files do not matter, for none is ever made. Whatever else
    there is (also a file of ours that was changed since) raises a UsageError before anything is written.
    """

    def guarded(folder: Path) -> Result:
        _refuse_strangers(folder)
        try:
            return make(folder)
        finally:
            if there := _files(folder):
                _record(folder, there)

    return guarded


def packed(raw: bytes) -> bytes:
    """Bytes as gzip, without a time or name, so that the same image gives the same file."""
    stream = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0, compresslevel=6) as file:
        file.write(raw)
    return stream.getvalue()


def _refuse_strangers(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file, expected a folder for images; choose another name")
    earlier = _read_record(folder)
    for name in _files(folder):
        path = folder / name
        if path.is_symlink() or earlier.get(name) != sha256_of_file(path):
            found = "was changed since it was made" if name in earlier else "was not made by an earlier run"
            raise UsageError(
                f"{folder}: {_shown(name)} {found}, expected a new or empty folder, or one that holds "
                "only what was made there; choose another name, or move that folder away"
            )


def _files(folder: Path) -> list[str]:
    """Files below a folder and links, also those to folders, hidden ones left out."""
    found = []
    for parent, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        found += [Path(parent, name) for name in (*names, *links) if not name.startswith(".")]
        folders[:] = sorted(name for name in folders if not name.startswith("."))
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _read_record(folder: Path) -> dict[str, str]:
    """The record of earlier runs; empty where there is none or it makes no sense, so that nothing is ours."""
    try:
        files = json.loads((folder / RECORD).read_text(encoding="utf-8"))["files"]
        return {str(name): str(digest) for name, digest in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _record(folder: Path, names: Sequence[str]) -> None:
    files = {name: sha256_of_file(folder / name) for name in names}
    text = json.dumps({"made_by": "monai-mri", "files": files}, indent=1, ensure_ascii=True)
    write_whole(folder / RECORD, f"{text}\n".encode())


def _shown(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
