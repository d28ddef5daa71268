"""The sidecar beside a manifest: a record of every file, so that a changed one is noticed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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


def make_sidecar(  # noqa: PLR0913 - what a sidecar holds, as keywords with a default
    rows: Iterable[Mapping[str, str]],
    *,
    folder: Path,
    modalities: Sequence[str],
    source: str = "",
    licence: str = "",
    root: str = ".",
    channels: Mapping[str, Sequence[str]] | None = None,
    mask_labels: Sequence[int] = (),
    progress: bool = False,
) -> Sidecar:
    """The sidecar for rows whose image and mask paths are relative to `folder`.

    `source` and `licence` are free text; `root` is what readers are told, `channels` and `mask_labels`
    what is special about the images (see `Sidecar`). Every file is read once, for its hash; `progress`
    shows a bar on a terminal.

    Raises:
        ImageError: a file cannot be read as an image.
    """
    from tqdm import tqdm

    columns = [*modalities, "mask"]
    cells = sorted({row[column] for row in rows for column in columns if row.get(column)})
    with ThreadPoolExecutor() as pool:
        records = pool.map(lambda cell: file_record(folder / cell), cells)
        shown = tqdm(records, total=len(cells), unit="file", disable=None if progress else True, leave=False)
        files = dict(zip(cells, shown, strict=True))
    return Sidecar(
        modalities=tuple(modalities),
        source=source,
        licence=licence,
        root=root,
        channels={column: tuple(names) for column, names in (channels or {}).items()},
        mask_labels=tuple(mask_labels),
        files=files,
    )


def read_sidecar(manifest: Path) -> Sidecar:
    """The sidecar of the manifest (CSV) at `manifest`.

    Raises:
        ManifestError: it is missing or not valid.
    """
    return read_model(sidecar_path(manifest), Sidecar, again="make the manifest again")


def write_sidecar(manifest: Path, sidecar: Sidecar) -> None:
    """Write the sidecar of the manifest (CSV) at `manifest`."""
    write_model(sidecar_path(manifest), sidecar)
