"""Files that a reader, a kill or a full disk never sees half written."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, write: Callable[[Path], None]) -> Path:
    """Let `write` make a temporary file beside `path`, sync it to disk, then rename it to `path`.

    At every moment `path` is either the old file, whole, or the new one, whole. Missing folders are made, and
    the new file gets the rights that the user's umask gives.

    Raises:
        OSError: the disk is full or refuses, or what `write` raises; the old file is still there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        temporary.chmod(0o666 & ~_umask())  # some libraries write files that only the owner may read
        _sync(temporary)
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    with suppress(OSError):  # Windows cannot open a folder
        _sync(path.parent)
    return path


def write_whole(path: Path, content: bytes) -> Path:
    """Write bytes as `replace_file` does.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "new" / "a.txt", b"whole").read_bytes()
    b'whole'
    """

    def write(temporary: Path) -> None:
        temporary.write_bytes(content)

    return replace_file(path, write)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
