"""Say what stands where a file was expected."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISFIFO, "a pipe (FIFO), not a file"),
    (stat.S_ISSOCK, "a socket, not a file"),
    (stat.S_ISCHR, "a device, not a file"),
    (stat.S_ISBLK, "a device, not a file"),
    (stat.S_ISDIR, "a folder, not a file"),
)


def why_no_file(path: Path) -> str:
    """Why a path is no file that can be read; empty where it is one. Nothing is opened.

    >>> why_no_file(Path("nowhere.nii")), why_no_file(Path("."))
    ('no such file', 'a folder, not a file')
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # a name that is too long, or a NUL in it
        return "a link that leads to no file" if os.path.islink(path) else "no such file"
    return next((what for is_kind, what in _KINDS if is_kind(mode)), "")
