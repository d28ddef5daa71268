"""Files of a run that a kill cannot take away, and what to do when the disk is full."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from monai_mri.errors import CheckpointError
from monai_mri.files import replace_file, write_whole


def write_durably(path: Path, write: Callable[[Path], None]) -> Path:
    """Let `write` make a temporary file, then sync it and rename it to `path` (see `replace_file`).

    Raises:
        CheckpointError: the disk is full or refuses; the old file is still there.
    """
    try:
        return replace_file(path, write)
    except (OSError, RuntimeError) as error:
        raise _not_written(path, error) from error


def write_text_durably(path: Path, text: str) -> Path:
    """Write UTF-8 text so that a kill leaves the old or the new file, whole.

    Raises:
        CheckpointError: the disk is full or refuses; the old file is still there.
    """
    try:
        return write_whole(path, text.encode())
    except OSError as error:
        raise _not_written(path, error) from error


def _not_written(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{path}: could not be written ({_free(path.parent)} free on that disk): {error}; "
        "the previous file is kept; free some space and start again, the run resumes"
    )


def _free(folder: Path) -> str:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    status = os.statvfs(existing)
    return f"{status.f_bavail * status.f_frsize / 2**20:.0f} MiB"
