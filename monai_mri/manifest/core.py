"""A manifest in memory: the table of images, where they lie, and what is known of each file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monai_mri.errors import ManifestError
from monai_mri.files import write_whole
from monai_mri.manifest.jsonfile import read_model, write_model
from monai_mri.manifest.paths import path_fault
from monai_mri.manifest.schema import Sidecar
from monai_mri.manifest.table import as_table, path_columns, read_table, table_bytes

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Skipped:
    """A file or subject that a layout did not take, and why."""

    path: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


@dataclass(frozen=True, eq=False)
class Manifest:
    """A table of images, one row a picture or volume, every cell a string.

    `sha256` is the hash of the CSV's bytes. `data_root` overrides the sidecar's `root`.
    `skipped` says, after `create_manifest`, what was left out and why.
    """

    path: Path
    table: pd.DataFrame
    sidecar: Sidecar | None = None
    sha256: str = ""
    data_root: Path | None = None
    skipped: tuple[Skipped, ...] = ()

    def __post_init__(self) -> None:
        if not self.sha256:
            object.__setattr__(self, "sha256", hashlib.sha256(table_bytes(self.table)).hexdigest())

    @cached_property
    def modalities(self) -> tuple[str, ...]:
        """Columns with images, from the sidecar, else those whose cells end like an image file."""
        if self.sidecar is not None:
            return self.sidecar.modalities
        columns = {str(column): self.table[column].tolist() for column in self.table}
        return tuple(column for column in path_columns(columns) if column != "mask")

    @property
    def path_columns(self) -> tuple[str, ...]:
        """Columns with paths: the modalities, then `mask` where there is one."""
        return (*self.modalities, *(["mask"] if "mask" in self.table else []))

    @property
    def root(self) -> Path:
        """The folder that the table's paths are relative to.

        Raises:
            ManifestError: the sidecar names an environment variable that holds no folder.
        """
        if self.data_root is not None:
            return self.data_root
        return root_folder("." if self.sidecar is None else self.sidecar.root, manifest=self.path)

    def rows(self) -> list[dict[str, str]]:
        """Every row as a dictionary, paths as written (see `resolve`)."""
        columns = [str(column) for column in self.table]
        cells = (self.table[column].tolist() for column in columns)
        return [dict(zip(columns, row, strict=True)) for row in zip(*cells, strict=True)]

    def resolve(self, cell: str) -> Path:
        """The absolute path of a path cell.

        Raises:
            ManifestError: the cell is empty, or leaves the manifest's root, also through a symbolic link.
        """
        todo = "correct that cell, or name the data's folder as root [E509]"
        why = path_fault(cell) if cell else "the path is empty"
        if why:
            raise ManifestError(f"{self.path}: {why} ({cell!r}), expected a path below the root; {todo}")
        root = Path(os.path.abspath(self.root))
        target = root / cell
        if not target.resolve().is_relative_to(root.resolve()):
            raise ManifestError(
                f"{self.path}: {cell!r} leads out of {root}, expected a path below it; {todo}"
            )
        return target


def read_manifest(path: Path, *, root: Path | None = None) -> Manifest:
    """Read a manifest and, where it lies beside, its sidecar.

    `root` says where the data lie, in place of what the sidecar says.

    Raises:
        ManifestError: what is wrong with which file and line.
    """
    path = Path(path)
    sidecar = None
    if sidecar_path(path).exists():
        sidecar = read_model(sidecar_path(path), Sidecar, again="make the manifest again")
    table, sha256 = read_table(path, images=None if sidecar is None else sidecar.modalities)
    for column in () if sidecar is None else sidecar.modalities:
        if column not in table:
            raise ManifestError(
                f"{path}:1: no column {column!r}, expected it because {sidecar_path(path).name} names it "
                "as a modality; add the column or correct the sidecar"
            )
    return Manifest(path, table, sidecar, sha256, data_root=root)


def write_manifest(
    path: Path, rows: pd.DataFrame | Sequence[Mapping[str, Any]], *, sidecar: Sidecar | None = None
) -> Manifest:
    """Write rows as a manifest, with its sidecar first; each file whole or not at all.

    Cells become text; None and nan become empty cells.

    Raises:
        ManifestError: the rows are not a manifest (see `read_manifest`).
    """
    path = Path(path)
    if path.suffix != ".csv":
        raise ManifestError(f"{path}: ends with {path.suffix!r}, expected .csv; give it that name")
    table = as_table(rows, where=path, images=None if sidecar is None else sidecar.modalities)
    for column in () if sidecar is None else sidecar.modalities:
        if column not in table:
            raise ManifestError(f"{path}: no column {column!r}, expected one a modality; add it to the rows")
    if sidecar is not None:
        write_model(sidecar_path(path), sidecar)
    content = table_bytes(table)
    write_whole(path, content)
    return Manifest(path, table, sidecar, hashlib.sha256(content).hexdigest())


def sidecar_path(path: Path) -> Path:
    """Where the sidecar of the manifest at `path` lies.

    >>> sidecar_path(Path("cohort/manifest.csv")).as_posix()
    'cohort/manifest.json'
    """
    return path.with_suffix(".json")


def root_folder(root: str, *, manifest: Path) -> Path:
    """The folder that a sidecar's `root` means: "." or "env:NAME".

    Raises:
        ManifestError: the environment variable is unset or names no folder.
    """
    if not root.startswith("env:"):
        return manifest.parent / root
    name = root.removeprefix("env:")
    value = os.environ.get(name, "")
    if not value or not Path(value).is_dir():
        found = f"the environment variable {name} names no folder ({value!r})"
        raise ManifestError(f"{manifest}: {found}, expected the folder of the data; set {name} to it")
    return Path(value)
