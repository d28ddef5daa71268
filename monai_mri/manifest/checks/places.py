"""Where a manifest's files lie: below its root, or somewhere they should not."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from monai_mri.faults import Fault


class Places:
    """Finds the file of a path cell below a root, and says why it may not be read.

    A symbolic link that leads out of the root is followed only with `allow_outside`.
    """

    def __init__(self, root: Path, *, allow_outside: bool) -> None:
        self._root = os.path.abspath(root)
        self._real_root = os.path.realpath(root)
        self._allow_outside = allow_outside
        self._real_folders: dict[str, str] = {}
        self._loops: dict[str, Fault | None] = {}

    def find(self, cell: str) -> tuple[Path, Fault | None]:
        """The path of a cell, and why it may not be read, or None.

        E107 (through a link to a folder above), E509 (outside), E510 (another case on disk).
        """
        path = os.path.join(self._root, cell)
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return Path(path), self._other_case(cell)
        except (OSError, ValueError):
            return Path(path), None
        if not self._allow_outside and self._leads_out(path, is_link=stat.S_ISLNK(status.st_mode)):
            todo = "copy the file below the root, or check with --allow-outside"
            return Path(path), Fault("E509", "", "leads out of the manifest's root", "a file below it", todo)
        return Path(path), self._loop(os.path.dirname(path))

    def _loop(self, folder: str) -> Fault | None:
        """A link on the way that leads back to a folder above it: one scan then has any number of paths."""
        if folder not in self._loops:
            above = os.path.dirname(folder)
            known = self._loop(above) if len(folder) > len(self._root) else None
            if known is None and os.path.islink(folder) and folder != self._root:
                inside = os.path.realpath(above) + os.sep
                if inside.startswith(os.path.realpath(folder) + os.sep):
                    todo = "write the path without the link"
                    found = f"a path through {os.path.basename(folder)}, a link to a folder above it"
                    known = Fault("E107", "", found, "one path a file", todo)
            self._loops[folder] = known
        return self._loops[folder]

    def _leads_out(self, path: str, *, is_link: bool) -> bool:
        folder, name = os.path.split(path)
        real = self._real_folders.get(folder)
        if real is None:
            real = self._real_folders[folder] = os.path.realpath(folder)
        if is_link:
            real = os.path.realpath(os.path.join(real, name))
        return real != self._real_root and not real.startswith(self._real_root.rstrip(os.sep) + os.sep)

    def _other_case(self, cell: str) -> Fault | None:
        """A file whose path differs only by case: it would be found on macOS and Windows."""
        folder, found = self._root, []
        for part in Path(cell).parts:
            if not self._allow_outside and self._leads_out(os.path.join(folder, part), is_link=False):
                return None
            try:
                names = os.listdir(folder)
            except OSError:
                return None
            near = part if part in names else next((n for n in names if n.lower() == part.lower()), None)
            if near is None:
                return None
            found.append(near)
            folder = os.path.join(folder, near)
        name = "/".join(found)
        return Fault("E510", "", f"no such file, but {name}", "the same case", "write the path as on disk")
