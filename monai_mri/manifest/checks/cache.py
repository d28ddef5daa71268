"""Results of looking at files, kept so that a second check is quick."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from monai_mri import __version__
from monai_mri.manifest.checks.facts import Depth, Facts, Role

FORMAT = "2"
PASSING = ("E106", "E107", "E111")
MOST_FILES = 500_000
TABLE = "CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, facts TEXT) WITHOUT ROWID"


class Cache:
    """Facts by place, size and times of change of a file, in one SQLite file that only its owner may read.

    Paths are kept as hashes only; what copies are found by holds a small picture of each image. What may
    change without the file, such as the right to read it, is not kept. Without a folder, or where it cannot
    be written, nothing is.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else folder / "checks.sqlite"

    def key(self, path: Path, role: Role, depth: Depth) -> str:
        """What a file's facts are found by; empty where the file cannot be asked."""
        try:
            status = path.stat()
        except (OSError, ValueError):
            return ""
        place = (os.path.abspath(path), status.st_dev, status.st_ino)
        state = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        words = (FORMAT, __version__, *place, *state, role, depth)
        return hashlib.sha256("\0".join(map(str, words)).encode("utf-8", "surrogateescape")).hexdigest()

    def load(self, keys: list[str]) -> dict[str, Facts]:
        """The facts that are known."""
        if self._file is None:
            return {}
        try:
            if not self._file.exists():
                return {}
            with closing(sqlite3.connect(self._file, timeout=5)) as store:
                found: dict[str, Facts] = {}
                for start in range(0, len(keys), 500):
                    some = keys[start : start + 500]
                    marks = ",".join("?" * len(some))
                    rows = store.execute(f"SELECT key, facts FROM facts WHERE key IN ({marks})", some)
                    found |= {key: Facts.from_json(text) for key, text in rows}
                return found
        except (sqlite3.Error, OSError, ValueError, TypeError, KeyError):
            return {}

    def save(self, facts: Mapping[str, Facts]) -> None:
        """Keep facts; a cache that cannot be written is no error."""
        if self._file is None or not facts:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))
            with closing(sqlite3.connect(self._file, timeout=5)) as store, store:
                store.execute(TABLE)
                rows = ((key, found.to_json()) for key, found in facts.items() if key and _keeps(found))
                store.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)
                if store.execute("SELECT count(*) FROM facts").fetchone()[0] > MOST_FILES:
                    store.execute("DELETE FROM facts")
        except (sqlite3.Error, OSError):
            return


def _keeps(facts: Facts) -> bool:
    return all(fault.code not in PASSING for fault in facts.faults)


def default_cache_folder() -> Path:
    """Where results are kept: $MONAI_MRI_CACHE, else the user's cache folder."""
    if named := os.environ.get("MONAI_MRI_CACHE"):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "monai_mri"
