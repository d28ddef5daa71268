"""The shapes of a manifest's row, its sidecar and its splits, as pydantic models and JSON Schema."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    create_model,
    model_serializer,
    model_validator,
)

from monai_mri.errors import ManifestError, UsageError
from monai_mri.files import write_whole
from monai_mri.manifest.paths import RELATIVE_PATH_PATTERN, path_fault

CORE_COLUMNS = ("subject_id", "session_id", "site")
PARTS = ("train", "validation", "test")
SCHEMA_VERSION: Literal["1.0"] = "1.0"

_LATER_FIELDS = {"channels", "mask_labels", "hold_out", "leave_one_out", "balance", "fold_names", "warnings"}
_LATER_FIELDS |= {"only_train", "rotate"}

Part = Literal["train", "validation", "test", "unused"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _relative(cell: str) -> str:
    if why := path_fault(cell):
        raise ValueError(f"{why}, expected a path relative to the manifest's root [E509]")
    return cell


PathCell = Annotated[
    str, AfterValidator(_relative), Field(json_schema_extra={"pattern": RELATIVE_PATH_PATTERN})
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Row(BaseModel):
    """One image: the columns that every manifest has. Other columns are text.

    An empty cell is a missing value; only `subject_id` may not be empty.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, str]

    subject_id: str = Field(min_length=1, description="the person; splits keep all rows of one together")
    session_id: str = Field(default="", description="the visit")
    site: str = Field(default="", description="hospital or scanner")


class FileRecord(_Model):
    """What one file was when the manifest was made.

    `shape` counts voxels an axis; of a picture (rows, columns) or (rows, columns, channels).
    `spacing_mm` is None where the file does not say it, as in pictures. `orientation` gives the
    anatomical direction of each axis, such as "LAS"; None for pictures and for NIfTI files
    without qform and sform.
    """

    sha256: Sha256
    shape: tuple[Annotated[int, Field(ge=1)], ...]
    spacing_mm: tuple[Annotated[float, Field(gt=0)], ...] | None = None
    orientation: str | None = None


class Sidecar(_Model):
    """What a manifest's table cannot say: where the images come from, and a record of each file.

    `root` says what the table's paths are relative to: "." is the folder of the CSV, "env:NAME" the
    folder that the environment variable NAME holds (for data that are read-only or lie elsewhere).
    `channels` names the volumes of a column whose images are 4D; `mask_labels` the values that masks may
    hold, 0 and 1 where it is empty. `files` has one record a path as written in the table.
    """

    schema_name: Literal["monai_mri.manifest"] = "monai_mri.manifest"
    schema_version: Literal["1.0"] = SCHEMA_VERSION
    modalities: tuple[str, ...]
    source: str = ""
    licence: str = ""
    root: str = Field(default=".", pattern=r"^(\.|env:[A-Za-z_][A-Za-z0-9_]*)$")
    channels: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    mask_labels: tuple[int, ...] = ()
    files: dict[str, FileRecord] = Field(default_factory=dict)

    @model_serializer(mode="wrap")
    def _without_unused(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = handler(self)
        return {key: value for key, value in content.items() if value or key not in _LATER_FIELDS}


class Splits(_Model):
    """Which unit is in which part, for each repeat and fold.

    `parts[repeat][fold]` maps every unit (by default each subject) to train, validation, test or, where
    classes were balanced, unused; `manifest_sha256` ties it to the table it was made from. `unit` is a
    column, `subject_id/COLUMN` for values that count anew in each subject, or `row`. `test` and
    `validation` are shares, or counts from 1 on; `test` is None where each fold is the test part once or
    the test part was named. `rotate` is "validation" where instead the test part is the same in all folds and
    each fold is the validation part once, whose share is then None. `only_train` holds the values of a column
    whose units are in the train part of every fold. `assign` holds the units whose part was given by hand,
    `hold_out` the values of a column that are the test part, `leave_one_out` the column whose values,
    `fold_names`, are each the test part once, `balance` the column of which every part has as many of each
    value. `warnings` are lines that whoever reports results should repeat.

    What was added after the first version is written only where it is used, so that older files keep
    their hash.
    """

    schema_name: Literal["monai_mri.splits"] = "monai_mri.splits"
    schema_version: Literal["1.0"] = SCHEMA_VERSION
    manifest_sha256: Sha256
    unit: str = "subject_id"
    stratify: tuple[str, ...] = ()
    seed: int = 0
    test: float | None = None
    validation: float | None = 0.0
    rotate: Literal["", "validation"] = ""
    assign: dict[str, Part] = Field(default_factory=dict)
    hold_out: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    only_train: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    leave_one_out: str = ""
    balance: str = ""
    fold_names: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    parts: tuple[tuple[dict[str, Part], ...], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_regular(self) -> Splits:
        if len({len(folds) for folds in self.parts}) != 1 or not self.parts[0]:
            raise ValueError("every repeat must have the same number of folds, at least one")
        units = self.parts[0][0].keys()
        if any(fold.keys() != units for folds in self.parts for fold in folds):
            raise ValueError("every fold must list the same units")
        if self.fold_names and len(self.fold_names) != len(self.parts[0]):
            raise ValueError("fold_names must name every fold")
        return self

    @model_serializer(mode="wrap")
    def _without_unused(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = handler(self)
        return {key: value for key, value in content.items() if value or key not in _LATER_FIELDS}

    @property
    def repeats(self) -> int:
        """How often the units were dealt anew."""
        return len(self.parts)

    @property
    def folds(self) -> int:
        """Folds of each repeat; 1 is a single hold-out split."""
        return len(self.parts[0])

    @property
    def sha256(self) -> str:
        """SHA-256 of the canonical content: the same splits have it however the file is laid out."""
        canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
        facts = canonical(self.model_dump(mode="json", exclude={"parts"}) | {"parts": []})
        before, _, after = facts.partition('"parts":[]')
        whole = hashlib.sha256(f'{before}"parts":['.encode())
        for number, folds in enumerate(self.parts):  # one by one: large studies have millions of entries
            whole.update(b"[" if number == 0 else b",[")
            for place, fold in enumerate(folds):
                whole.update(("," * (place > 0) + canonical(fold)).encode())
            whole.update(b"]")
        whole.update(f"]{after}".encode())
        return whole.hexdigest()

    def units_by_part(self, *, repeat: int = 0, fold: int = 0) -> dict[str, Part]:
        """The part of every unit in one fold of one repeat, both counted from 0.

        Raises:
            UsageError: there is no such repeat or fold.
        """
        if not (0 <= repeat < self.repeats and 0 <= fold < self.folds):
            raise UsageError(
                f"splits: repeat {repeat}, fold {fold} asked for, expected 0 to {self.repeats - 1} and "
                f"0 to {self.folds - 1}; choose one of those"
            )
        return self.parts[repeat][fold]

    def part_of(self, unit: str, repeat: int = 0, fold: int = 0) -> Part:
        """The part that `unit` is in.

        Raises:
            ManifestError: the splits do not know the unit.
            UsageError: there is no such repeat or fold.
        """
        units = self.units_by_part(repeat=repeat, fold=fold)
        if unit not in units:
            raise ManifestError(
                f"splits: {self.unit} {unit!r} is not among the {len(units)} units, expected one of them; "
                "make the splits again from this manifest"
            )
        return units[unit]


def row_model(
    *, images: Sequence[str], mask: bool = False, label: bool = False, extra: Sequence[str] = ()
) -> type[Row]:
    """The model of a study's row: the core columns, a path a modality, and what else the study needs.

    Every named column must exist; a path or text may be empty (missing), a path is relative.
    """
    paths = [*images, *(["mask"] if mask else [])]
    texts = [*(["label"] if label else []), *extra]
    fields: dict[str, Any] = {
        f"path_{number}": (PathCell, Field(alias=name, title=name, description=_path_help(name)))
        for number, name in enumerate(paths)
    }
    fields |= {
        f"text_{number}": (str, Field(alias=name, title=name, description="text; empty is missing"))
        for number, name in enumerate(texts)
    }
    return create_model("Row", __base__=Row, __doc__=Row.__doc__, **fields)


def study_schema(
    *,
    images: Sequence[str],
    mask: bool = False,
    label: bool = False,
    extra: Sequence[str] = (),
    title: str = "manifest",
) -> dict[str, Any]:
    """JSON Schema (2020-12) of a study's manifest: the top level is one row, `$defs` holds the sidecar.

    >>> study_schema(images=("flair",), mask=True)["required"]
    ['subject_id', 'flair', 'mask']
    """
    row = row_model(images=images, mask=mask, label=label, extra=extra).model_json_schema()
    sidecar = Sidecar.model_json_schema(ref_template="#/$defs/{model}")
    definitions = sidecar.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **row,
        "title": f"{title}: a row",
        "$defs": {**definitions, "Sidecar": sidecar},
    }


def write_study_schema(
    path: Path,
    *,
    images: Sequence[str],
    mask: bool = False,
    label: bool = False,
    extra: Sequence[str] = (),
) -> None:
    """Write `study_schema` as `<study>.schema.json`; the study's name is the file's."""
    title = path.name.removesuffix(".schema.json")
    schema = study_schema(images=images, mask=mask, label=label, extra=extra, title=title)
    write_whole(path, (json.dumps(schema, indent=2) + "\n").encode())


def _path_help(name: str) -> str:
    what = "binary mask on the image's grid" if name == "mask" else f"{name} image"
    return f"{what}: path relative to the manifest's root, POSIX slashes; empty is missing"
