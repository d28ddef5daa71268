"""A tree that knows which of its files it was made with, so that nothing else is ever deleted."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from monai_mri.errors import UsageError
from monai_mri.images.names import is_image_name

LIST = ".monai_mri_files.json"


def list_files(folder: Path) -> None:
    """Write into a tree what it holds: of images the size, of other files the SHA-256.

    Raises:
        OSError: it cannot be read or written.
    """
    marks = {name: _mark(folder / name) for name in _files(folder)}
    text = json.dumps(marks, indent=0, ensure_ascii=False, sort_keys=True) + "\n"
    (folder / LIST).write_text(text, encoding="utf-8")


def refuse_strange(out: Path) -> None:
    """Make sure that `out` is new, or a tree that holds its own files only, as they were written.

    Raises:
        UsageError: naming the first file that is not so.
    """
    if not out.exists() and not out.is_symlink():
        return
    todo = "choose another name, or delete it yourself"
    try:
        marks = json.loads((out / LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        marks = None
    if not isinstance(marks, dict) or out.is_symlink():
        expected = f"a new folder, or a tree with its list {LIST}"
        raise UsageError(f"{out}: was not made by this command, expected {expected}; {todo}")
    for name in _files(out):
        if name != LIST and marks.get(name) != _mark(out / name):
            what = "was changed since" if name in marks else "was not written by this command"
            raise UsageError(
                f"{out / name}: {what}, and would be deleted, expected only files of this command in "
                f"{out.name}; move it out of there, or {todo}"
            )


def _files(folder: Path) -> Iterator[str]:
    """All files below a folder, hidden ones and links too, by path in the order of their names."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in sorted([*names, *links]):
            yield Path(parent, name).relative_to(folder).as_posix()


def _mark(path: Path) -> str:
    if path.is_symlink():
        return "link"
    if is_image_name(path.name) or not path.is_file():
        return f"{path.lstat().st_size} bytes"
    return hashlib.sha256(path.read_bytes()).hexdigest()
