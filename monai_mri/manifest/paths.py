"""Which paths a manifest may hold, and the hash of a file."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath

# The rule of `path_fault` as a pattern for JSON Schema, whose readers cannot call Python.
RELATIVE_PATH_PATTERN = r"^(?![/~])(?![A-Za-z]:)(?!([\s\S]*/)?\.\.(/|$))[^\\\u0000]*$"
_PLAIN = re.compile(r"[\w.][\w. /+-]*")


def path_fault(cell: str) -> str:
    r"""Why `cell` may not stand in a manifest as a path; empty when it may.

    Paths are relative, with POSIX slashes, and stay below the manifest's root.

    >>> path_fault("sub-001/flair.nii.gz")
    ''
    >>> path_fault("../secret.nii")
    "the path climbs with '..'"
    >>> path_fault("C:/scan.nii")
    'the path has a drive letter'
    """
    if _PLAIN.fullmatch(cell) and ".." not in cell:  # nearly all are, and this is quick
        return ""
    checks = {
        "the path has a NUL byte": "\0" in cell,
        "the path has a backslash": "\\" in cell,
        "the path is absolute": cell.startswith("/"),
        "the path starts with '~'": cell.startswith("~"),
        "the path has a drive letter": re.match(r"[A-Za-z]:", cell) is not None,
        "the path climbs with '..'": ".." in PurePosixPath(cell).parts,
    }
    return next((why for why, wrong in checks.items() if wrong), "")


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes in hexadecimal, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
