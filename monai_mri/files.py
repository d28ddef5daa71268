"""Files that a reader, a kill or a full disk never sees half written."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_AGAIN = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def replace_file(path: Path, write: Callable[[Path], None]) -> Path:
    """Let `write` fill a temporary file beside `path`, sync it to disk, then rename it to `path`.

    At every moment `path` is either the old file, whole, or the new one, whole. Missing folders are made, and
    the new file gets the rights that the user's umask gives. The temporary file is new and empty, its name
    cannot be guessed, and nothing that was put in its way is followed or overwritten.

    Raises:
        OSError: the disk is full or refuses, `write` wrote nothing, or what `write` raises; the old file is
            still there.
    """
    return _replace(path, write, private=False)


def write_whole(path: Path, content: bytes, *, private: bool = False) -> Path:
    """Write bytes as `replace_file` does; a `private` file can be read by its owner alone, from the start.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "new" / "a.txt", b"whole").read_bytes()
    b'whole'
    """
    return _replace(path, content, private=private)


def _replace(path: Path, content: bytes | Callable[[Path], None], *, private: bool) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.randbelow(10**12)}.tmp")
    descriptor = os.open(temporary, _NEW, 0o600 if private else 0o666)
    try:
        rights = stat.S_IMODE(os.fstat(descriptor).st_mode)  # what the umask gives
        if isinstance(content, bytes):
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        else:
            os.close(descriptor)
            content(temporary)
            _settle(temporary, rights)
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    with suppress(OSError):  # Windows cannot open a folder
        _sync(path.parent)
    return path


def _settle(temporary: Path, rights: int) -> None:
    """Sync what a writer left to disk and give it its rights: some libraries make files private."""
    descriptor = os.open(temporary, _AGAIN)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            raise OSError(errno.EIO, "nothing was written", str(temporary))
        os.fsync(descriptor)
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, rights)
    finally:
        os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
