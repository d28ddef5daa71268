"""The sidecar beside a manifest: a record of every file, so that a changed one is noticed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from monai_mri.images.headers import read_header
from monai_mri.manifest.core import sidecar_path
from monai_mri.manifest.jsonfile import read_model, write_model
from monai_mri.manifest.paths import sha256_of_file
from monai_mri.manifest.schema import FileRecord, Sidecar


def file_record(path: Path) -> FileRecord:
    """SHA-256, shape, spacing in mm and orientation of an image file; see `FileRecord`.

    Raises:
        ImageError: the file cannot be read as an image.
    """
    header = read_header(path)
    return FileRecord(
        sha256=sha256_of_file(path),
        shape=header.shape,
        spacing_mm=header.spacing_mm,
        orientation=header.orientation,
    )


def make_sidecar(
    rows: Iterable[Mapping[str, str]],
    *,
    folder: Path,
    modalities: Sequence[str],
    source: str = "",
    licence: str = "",
    root: str = ".",
) -> Sidecar:
    """The sidecar for rows whose image and mask paths are relative to `folder`.

    `source` and `licence` are free text; `root` is what readers are told (see `Sidecar`).

    Raises:
        ImageError: a file cannot be read as an image.
    """
    columns = [*modalities, "mask"]
    cells = sorted({row[column] for row in rows for column in columns if row.get(column)})
    files = {cell: file_record(folder / cell) for cell in cells}
    return Sidecar(modalities=tuple(modalities), source=source, licence=licence, root=root, files=files)


def read_sidecar(manifest: Path) -> Sidecar:
    """The sidecar of the manifest (CSV) at `manifest`.

    Raises:
        ManifestError: it is missing or not valid.
    """
    return read_model(sidecar_path(manifest), Sidecar, again="make the manifest again")


def write_sidecar(manifest: Path, sidecar: Sidecar) -> None:
    """Write the sidecar of the manifest (CSV) at `manifest`."""
    write_model(sidecar_path(manifest), sidecar)
