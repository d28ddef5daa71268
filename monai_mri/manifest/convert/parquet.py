"""One parquet file, as data lakes and notebooks read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from monai_mri.errors import UsageError
from monai_mri.files import replace_file
from monai_mri.manifest.convert._result import Converted, refuse_folder, switch
from monai_mri.manifest.core import Manifest
from monai_mri.manifest.rowparts import splits_beside
from monai_mri.manifest.splits import parts_of_rows

SIDECAR, MANIFEST_HASH, SPLITS_HASH = (
    f"monai_mri.{name}".encode() for name in ("sidecar", "manifest_sha256", "splits_sha256")
)


def convert(manifest: Manifest, out: Path, *, parts: str = "no") -> Converted:
    """Parquet: every column as text, a missing cell as null, the sidecar and hashes in the metadata.

    `parts=yes` adds the part of each row: a column `part`, or `part_r0_f0` and so on for each fold of each
    repeat of the splits beside. Metadata keys: `monai_mri.sidecar` (JSON), `monai_mri.manifest_sha256`,
    `monai_mri.splits_sha256`.

    Raises:
        UsageError: pyarrow is not installed, parts are wanted without splits, or a column has such a name.
        LeakError: a subject is in two parts.
    """
    refuse_folder(out)
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            "parquet: pyarrow is not installed, expected the extra of that name; "
            "run pip install 'monai-mri[parquet]'"
        ) from error
    columns = {str(name): manifest.table[name].tolist() for name in manifest.table}
    added = _parts(manifest) if switch(parts, option="parts") else {}
    for name in added.keys() & columns.keys():
        raise UsageError(f"{manifest.path}:1: column {name!r}, expected none of that name; rename it")
    arrays = {
        name: pyarrow.array([cell or None for cell in cells], type=pyarrow.string())
        for name, cells in {**columns, **added}.items()
    }
    table = pyarrow.table(arrays).replace_schema_metadata(_metadata(manifest))
    replace_file(out, lambda temporary: pyarrow.parquet.write_table(table, temporary))
    return Converted(out, f"{len(manifest.table)} rows, {len(arrays)} columns")


def _parts(manifest: Manifest) -> dict[str, list[str]]:
    splits = splits_beside(manifest)
    if splits is None:
        raise UsageError(
            f"{manifest.path}: parts=yes without splits beside it, expected them; make them with "
            "`monai-mri manifest split`"
        )
    single = splits.repeats * splits.folds == 1
    return {
        "part" if single else f"part_r{repeat}_f{fold}": [
            str(part) for part in parts_of_rows(manifest, splits, repeat=repeat, fold=fold)
        ]
        for repeat in range(splits.repeats)
        for fold in range(splits.folds)
    }


def _metadata(manifest: Manifest) -> dict[bytes, Any]:
    splits = splits_beside(manifest)
    found = {MANIFEST_HASH: manifest.sha256.encode()}
    if manifest.sidecar is not None:
        text = json.dumps(manifest.sidecar.model_dump(mode="json"), ensure_ascii=False, allow_nan=False)
        found[SIDECAR] = text.encode()
    if splits is not None and splits.manifest_sha256 == manifest.sha256:
        found[SPLITS_HASH] = splits.sha256.encode()
    return found
