"""Files that a kill cannot take away: written beside, synced, renamed."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from monai_mri.errors import CheckpointError


def write_durably(path: Path, write: Callable[[Path], None]) -> Path:
    """Let `write` make a temporary file, then sync it and rename it to `path`.

    At every moment `path` is either the old file, whole, or the new one, whole.

    Raises:
        CheckpointError: the disk is full or refuses; the old file is still there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        temporary.chmod(0o666 & ~_umask())  # some libraries write files that only the owner may read
        _sync(temporary)
        os.replace(temporary, path)
        _sync(path.parent)
    except (OSError, RuntimeError) as error:
        raise CheckpointError(
            f"{path}: could not be written ({_free(path.parent)} free on that disk): {error}; "
            "the previous file is kept; free some space and start again, the run resumes"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return path


def write_text_durably(path: Path, text: str) -> Path:
    """Write UTF-8 text so that a kill leaves the old or the new file, whole."""
    return write_durably(path, lambda temporary: _write_bytes(temporary, text.encode()))


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _free(folder: Path) -> str:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    status = os.statvfs(existing)
    return f"{status.f_bavail * status.f_frsize / 2**20:.0f} MiB"
