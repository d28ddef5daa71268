"""The data list of the Medical Segmentation Decathlon, as MONAI reads it."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monai_mri.errors import ManifestError, UsageError
from monai_mri.files import write_whole
from monai_mri.images.names import PICTURE_SUFFIXES, image_suffix
from monai_mri.manifest.convert._result import Converted, choice, number, refuse_folder, switch
from monai_mri.manifest.core import Manifest
from monai_mri.manifest.rowparts import parts_beside, splits_beside
from monai_mri.manifest.splits import parts_of_rows

KEYS = {"train": "training", "validation": "validation", "test": "test"}
RESERVED = ("image", "fold")
Row = dict[str, str]
Items = dict[str, list[dict[str, Any]]]


def convert(
    manifest: Manifest,
    out: Path,
    *,
    repeat: str = "",
    fold: str = "",
    folds: str = "no",
    missing: str = "refuse",
    columns: str = "yes",
    base: str = "json",
) -> Converted:
    """JSON of the Medical Segmentation Decathlon: training, validation and test lists that MONAI loads.

    `image` is a path, or a list of paths where there are several modalities; `label` is the path of the mask
    or, without masks, the number of the class, whose name `labels` tells; with masks the class is in
    `class`. Paths are relative to the JSON's folder, or with `base=root` to the manifest's root, which
    `load_decathlon_datalist` takes as `base_dir`. Other columns are keys of their own (null is
    missing; not with `columns=no`). Parts are those of `fold` of `repeat` of the splits beside; without
    splits all rows are for training. `folds=yes` writes all folds of a repeat as Auto3DSeg wants them:
    `training` with a number `fold`. Rows that lack a modality are refused, or left out with `missing=skip`.
    No image is opened.

    Raises:
        UsageError: an option is not understood, names what the splits do not have, or `out` is a folder.
        ManifestError: a modality is missing in a row, or a column's name is needed for something else.
        LeakError: a subject is in two parts.
    """
    refuse_folder(out)
    skip = choice(missing, ("refuse", "skip"), option="missing") == "skip"
    with_folds, with_columns = switch(folds, option="folds"), switch(columns, option="columns")
    rows, left_out = _complete_rows(manifest, skip=skip)
    classes = sorted({row.get("label", "") for _, row in rows} - {""})
    texts = _columns(manifest, with_columns)
    folder = manifest.root if choice(base, ("json", "root"), option="base") == "root" else out.parent
    items = [_item(manifest, row, folder, classes=classes, columns=texts) for _, row in rows]
    which = {"repeat": number(repeat, option="repeat"), "fold": number(fold, option="fold")}
    if with_folds:
        lists = _by_fold(manifest, rows, items, repeat=which["repeat"] or 0)
    else:
        parts = parts_beside(manifest, **which) or ["train"] * len(manifest.table)
        lists = _by_part([parts[place] for place, _ in rows], items)
    content = {**_head(manifest, classes, lists), **{key: found for key, found in lists.items() if found}}
    write_whole(out, (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())
    said = ", ".join(f"{len(found)} {key}" for key, found in lists.items())
    unused = len(rows) - sum(map(len, lists.values()))
    notes = [f"{left_out} rows lack a modality and were left out"] if left_out else []
    notes += [f"{unused} rows are unused in the splits and were left out"] if unused else []
    return Converted(out, said, (*notes, *_notes(out, items)))


def _complete_rows(manifest: Manifest, *, skip: bool) -> tuple[list[tuple[int, Row]], int]:
    """Rows that have every modality, with their place in the table, and how many do not."""
    rows, left_out = [], 0
    for place, row in enumerate(manifest.rows()):
        lacks = [name for name in manifest.modalities if not row[name]]
        if lacks and not skip:
            raise ManifestError(
                f"{manifest.path}: data row {place + 1} has no {lacks[0]}, expected every modality, since "
                "channels go by place; add the image, or leave such rows out with --option missing=skip"
            )
        if lacks:
            left_out += 1
        else:
            rows.append((place, row))
    if not rows or not manifest.modalities:
        raise ManifestError(
            f"{manifest.path}: no row has an image of each modality, expected at least one; check the table"
        )
    return rows, left_out


def _columns(manifest: Manifest, wanted: bool) -> tuple[str, ...]:  # noqa: FBT001 - private, one call
    """Columns that become keys of their own: neither paths nor the label, and not empty throughout."""
    paths = {*manifest.path_columns, "label"}
    names = [
        name for name in map(str, manifest.table) if name not in paths and (manifest.table[name] != "").any()
    ]
    for name in names:
        if wanted and (name in RESERVED or (name == "class" and "label" in manifest.table)):
            raise ManifestError(
                f"{manifest.path}:1: column {name!r}, expected another name, since the JSON uses that one; "
                "rename it, or leave such columns out with --option columns=no"
            )
    return tuple(names) if wanted else ()


def _item(
    manifest: Manifest, row: Row, folder: Path, *, classes: Sequence[str], columns: Sequence[str]
) -> dict[str, Any]:
    images = [_relative(manifest.resolve(row[name]), folder) for name in manifest.modalities]
    item: dict[str, Any] = {"image": images[0] if len(images) == 1 else images}
    has_masks = "mask" in manifest.table and (manifest.table["mask"] != "").any()
    if has_masks and row["mask"]:
        item["label"] = _relative(manifest.resolve(row["mask"]), folder)
    if row.get("label"):
        item["class" if has_masks else "label"] = row["label"] if has_masks else classes.index(row["label"])
    return {**item, **{name: row[name] or None for name in columns}}


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, os.path.abspath(folder))).as_posix()


def _by_part(parts: Sequence[str], items: Sequence[dict[str, Any]]) -> Items:
    """The three lists; a row that the splits do not use is in none."""
    return {
        key: [item for found, item in zip(parts, items, strict=True) if found == part]
        for part, key in KEYS.items()
    }


def _by_fold(
    manifest: Manifest,
    rows: Sequence[tuple[int, Row]],
    items: Sequence[dict[str, Any]],
    *,
    repeat: int,
) -> Items:
    splits = splits_beside(manifest)
    if splits is None:
        raise UsageError(
            f"{manifest.path}: folds=yes without splits beside it, expected them; make them with "
            "`monai-mri manifest split --folds 5`"
        )
    parts = [parts_of_rows(manifest, splits, repeat=repeat, fold=fold) for fold in range(splits.folds)]
    lists: Items = {"training": [], "testing": []}
    for (place, _), item in zip(rows, items, strict=True):
        found = [fold[place] for fold in parts]
        if all(part == "test" for part in found):
            lists["testing"].append(item)
        elif any(part != "unused" for part in found):
            lists["training"].append({**item, "fold": _fold_of(found, held=splits.rotate or "test")})
    return lists


def _fold_of(parts: Sequence[str], *, held: str) -> int:
    """The fold a row is validated in, from its part in each fold; `held` is the part that each fold is once.

    Of a single hold-out split, fold 0 is the validation part and fold 1 the training part. A row that is
    never held out in cross-validation gets a number beyond the folds, and so is always trained on.
    """
    if len(parts) == 1:
        return 0 if parts[0] == "validation" else 1
    return parts.index(held) if held in parts else len(parts)


def _head(
    manifest: Manifest, classes: Sequence[str], lists: Mapping[str, Sequence[object]]
) -> dict[str, Any]:
    sidecar = manifest.sidecar
    masks = "mask" in manifest.table and (manifest.table["mask"] != "").any()
    first = next(cell for cell in manifest.table[manifest.modalities[0]] if cell)
    names = (
        {"0": "background", "1": "lesion"}
        if masks
        else dict(zip(map(str, range(len(classes))), classes, strict=True))
    )
    sizes = {"train": "numTraining", "training": "numTraining", "validation": "numValidation"}
    counts = Counter({sizes.get(key, "numTest"): len(found) for key, found in lists.items()})
    return {
        "name": manifest.path.stem,
        "description": sidecar.source if sidecar else "",
        "licence": sidecar.licence if sidecar else "",
        "tensorImageSize": "2D" if image_suffix(first) in PICTURE_SUFFIXES else "3D",
        "modality": {str(number): name for number, name in enumerate(manifest.modalities)},
        "labels": names,
        "manifest_sha256": manifest.sha256,
        **counts,
    }


def _notes(out: Path, items: Sequence[Mapping[str, Any]]) -> list[str]:
    """What MONAI's reader would do that nobody expects."""
    notes = []
    paths = [
        path
        for item in items
        for path in (item["image"] if isinstance(item["image"], list) else [item["image"]])
    ]
    if any(path.startswith("../") for path in paths):
        notes.append(
            "paths climb with '..' and may name folders of this computer; base=root makes them relative to "
            "the manifest's root, which is then base_dir of load_decathlon_datalist"
        )
    beside = {entry.name for entry in out.parent.iterdir()}
    taken = [
        key
        for key in items[0]
        if key not in ("image", "label") and any(str(item.get(key)) in beside for item in items)
    ]
    if taken:
        notes.append(
            f"{', '.join(taken)}: a value is also the name of something beside the JSON, and MONAI's "
            "load_decathlon_datalist makes a path of it; write the JSON to another folder, or use columns=no"
        )
    return notes
