"""Never write over what is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from monai_mri.errors import UsageError
from monai_mri.manifest.core import Manifest


def refuse_manifest_files(table: Path, out: Path) -> None:
    """Make sure that an output is none of a manifest's own files: CSV, sidecar, splits; there or not.

    Links and other spellings of a path are seen through.

    Raises:
        UsageError: it is one, or a folder that holds one.
    """
    for source in (table, table.with_suffix(".json"), table.with_suffix(".splits.json")):
        if _same(source, out) or _holds(out, source):
            where = "belongs to the manifest itself" if _same(source, out) else f"holds {source.name}"
            raise UsageError(f"{out}: {where}, expected another name; choose one")


def refuse_images(manifest: Manifest, out: Path) -> None:
    """Make sure that an output is no image of the manifest, nor a folder that holds one of them.

    Raises:
        UsageError: it is.
    """
    if not out.exists():
        return
    for source in _images(manifest):
        if _same(source, out) or _holds(out, source):
            what = "is an image" if _same(source, out) else f"holds {source.name}, an image"
            raise UsageError(f"{out}: {what} of the manifest, expected another name; choose one")


def _images(manifest: Manifest) -> Iterator[Path]:
    for column in manifest.path_columns:
        yield from (manifest.resolve(cell) for cell in manifest.table[column] if cell)


def _same(first: Path, second: Path) -> bool:
    if os.path.realpath(first) == os.path.realpath(second):
        return True
    try:
        return os.path.samefile(first, second)  # also other names of one file, as hard links have
    except (OSError, ValueError):
        return False


def _holds(folder: Path, path: Path) -> bool:
    return folder.is_dir() and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
