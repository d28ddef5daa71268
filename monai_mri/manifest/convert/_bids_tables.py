"""The tables and descriptions of a BIDS-like tree."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import monai_mri
from monai_mri.manifest.convert._bids_names import MASKS, Place
from monai_mri.manifest.core import Manifest
from monai_mri.manifest.table import escape

BIDS_VERSION = "1.9.0"
MOST_LEVELS = 20
_NUMBER = re.compile(r"-?[0-9.]+([eE][+-]?[0-9]+)?")
_KNOWN = {
    "participant_id": "the person, as in the folders' names",
    "original_id": "the person, as in the manifest",
    "site": "hospital or scanner",
    "filename": "image, relative to the folder of this table",
    "age": "age of the person",
    "sex": "sex of the person",
    "label": "class of the person",
}
_README = """# {name}

Made by monai_mri {version} from the manifest {file}{source}.

This tree is BIDS-like, and was not checked with the BIDS validator. Images are copies (or links) of what the
manifest names, with their headers as they were. {pictures}Masks lie in derivatives/masks.
"""


def write_tables(
    folder: Path,
    manifest: Manifest,
    rows: Sequence[Mapping[str, str]],
    found: Sequence[Place],
    *,
    files: Mapping[int, Sequence[PurePosixPath]],
    keep_ids: bool,
    pictures: bool,
) -> None:
    """Write participants.tsv and .json, a scans.tsv a visit, dataset_description.json and README.md.

    `files` are the images of each row below `folder`. A column that says one thing of each person is in
    participants.tsv; any other is in the scans.tsv of its visit.
    """
    paths = {*manifest.path_columns, "subject_id", "session_id"}
    columns = [
        str(name) for name in manifest.table if name not in paths and (manifest.table[name] != "").any()
    ]
    personal = [name for name in columns if _is_personal(rows, name)]
    _participants(folder, rows, found, columns=personal, keep_ids=keep_ids)
    varying = [name for name in columns if name not in personal]
    _scans(folder, rows, found, columns=varying, files=files)
    _describe(folder, manifest, pictures=pictures)


def _is_personal(rows: Sequence[Mapping[str, str]], column: str) -> bool:
    first: dict[str, str] = {}
    return all(first.setdefault(row["subject_id"], row[column]) == row[column] for row in rows)


def _participants(
    folder: Path,
    rows: Sequence[Mapping[str, str]],
    found: Sequence[Place],
    *,
    columns: Sequence[str],
    keep_ids: bool,
) -> None:
    lines: dict[str, list[str]] = {}
    for row, place in zip(rows, found, strict=True):
        subject = place.folder.parts[0]
        original = [row["subject_id"]] if keep_ids else []
        lines.setdefault(subject, [subject, *original, *(row[column] for column in columns)])
    header = ["participant_id", *(["original_id"] if keep_ids else []), *columns]
    _write_tsv(folder / "participants.tsv", header, list(lines.values()))
    _write_json(folder / "participants.json", _dictionary(header, rows))


def _scans(
    folder: Path,
    rows: Sequence[Mapping[str, str]],
    found: Sequence[Place],
    *,
    columns: Sequence[str],
    files: Mapping[int, Sequence[PurePosixPath]],
) -> None:
    """A scans.tsv beside each `anat`, where a column tells visits or runs of one person apart."""
    lines: dict[PurePosixPath, list[list[str]]] = defaultdict(list)
    for number, (row, place) in enumerate(zip(rows, found, strict=True)):
        visit = place.folder.parent
        cells = [row[column] for column in columns]
        lines[visit] += [[file.relative_to(visit).as_posix(), *cells] for file in files[number]]
    for visit, table in lines.items() if columns else ():
        name = "_".join(visit.parts) + "_scans"
        _write_tsv(folder / visit / f"{name}.tsv", ["filename", *columns], table)
        _write_json(folder / visit / f"{name}.json", _dictionary(["filename", *columns], rows))


def _dictionary(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """What each column means; values are listed where they are few and no numbers."""
    described: dict[str, Any] = {}
    for column in columns:
        described[column] = {"Description": _KNOWN.get(column, f"column {column} of the manifest")}
        values = sorted({row.get(column, "") for row in rows} - {""})
        named = column not in ("participant_id", "original_id", "filename")
        if named and 0 < len(values) <= MOST_LEVELS and not all(map(_NUMBER.fullmatch, values)):
            described[column]["Levels"] = {value: value for value in values}
    return described


def _describe(folder: Path, manifest: Manifest, *, pictures: bool) -> None:
    sidecar = manifest.sidecar
    licence = {"License": sidecar.licence} if sidecar and sidecar.licence else {}
    source = f", whose images come from {sidecar.source}" if sidecar and sidecar.source else ""
    common = {"BIDSVersion": BIDS_VERSION, **licence}
    maker = {"GeneratedBy": [{"Name": "monai_mri", "Version": monai_mri.__version__}]}
    name = manifest.path.stem
    _write_json(folder / "dataset_description.json", {"Name": name, **common, "DatasetType": "raw", **maker})
    if (folder / MASKS).is_dir():
        content = {"Name": f"{name}: masks", **common, "DatasetType": "derivative", **maker}
        _write_json(folder / MASKS / "dataset_description.json", content)
    said = "Pictures keep their format, which BIDS does not know for anatomical images. " if pictures else ""
    text = _README.format(
        name=name, version=monai_mri.__version__, file=manifest.path.name, source=source, pictures=said
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def _write_tsv(path: Path, header: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    text = "".join("\t".join(map(_cell, line)) + "\n" for line in [header, *lines])
    path.write_text(text, encoding="utf-8", newline="\n")


def _cell(text: str) -> str:
    """A value on one line without tabs, n/a where missing; what a spreadsheet would run is made text."""
    plain = " ".join(text.replace("\0", " ").split())
    return (plain if _NUMBER.fullmatch(plain) else escape(plain)) or "n/a"


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
