"""The part of each row of a manifest, from the splits file beside it."""

from __future__ import annotations

from collections.abc import Sequence

from monai_mri.errors import UsageError
from monai_mri.manifest.core import Manifest
from monai_mri.manifest.schema import Splits
from monai_mri.manifest.splits import parts_of_rows, read_splits, splits_path


def splits_beside(manifest: Manifest) -> Splits | None:
    """The splits that lie beside a manifest; None where there are none.

    Raises:
        ManifestError: the file is not valid.
    """
    path = splits_path(manifest.path)
    return read_splits(path) if path.exists() else None


def parts_beside(
    manifest: Manifest, *, repeat: int | None = None, fold: int | None = None
) -> Sequence[str] | None:
    """The part of each row in one fold of one repeat (by default the first); None without splits beside.

    A part is train, validation, test or unused.

    Raises:
        UsageError: there is no such repeat or fold, or one is named and there are no splits.
        ManifestError: the splits were made from another manifest.
        LeakError: a subject, or one image, is in two parts.
    """
    splits = splits_beside(manifest)
    if splits is not None:
        return parts_of_rows(manifest, splits, repeat=repeat or 0, fold=fold or 0)
    if repeat is None and fold is None:
        return None
    raise UsageError(
        f"{manifest.path}: a repeat or fold is asked for, expected {splits_path(manifest.path).name} "
        "beside it; make it with `monai-mri manifest split`"
    )
