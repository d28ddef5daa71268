"""`study.json`: what a study folder was begun with, so that nothing else is mixed into it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monai_mri.errors import DataError, UsageError
from monai_mri.files import write_whole

NAME = "study.json"
OURS = {NAME, ".lock"}  # what may stand in the folder of a study that was never begun


class DesignVariant(BaseModel):
    """One variant: its layers over train.yaml, its settings, and SHA-256 of each config file under it.

    `primary_metric` is empty unless it is another than the study's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    layers: tuple[str, ...]
    settings: dict[str, Any]
    config_sha256: dict[str, str]
    primary_metric: str = ""


class Design(BaseModel):
    """A study folder's design: everything that must be the same when it goes on.

    `variants`, `repeats` and `folds` are those of all calls so far; `versions`, `bundle`, `manifest` and
    `unit`, what the splits divide, are notes for people.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_name: str = "monai_mri.study"
    schema_version: str = "1.0"
    study: str
    primary_metric: str
    protocol: str
    layers: tuple[str, ...]
    settings: dict[str, Any]
    variants: dict[str, DesignVariant]
    repeats: int = Field(ge=1)
    folds: int = Field(ge=1)
    manifest_sha256: str
    splits_sha256: str
    bundle: str = ""
    manifest: str = ""
    unit: str = ""
    versions: dict[str, str] = Field(default_factory=dict)

    def with_runs_of(self, other: Design) -> Design:
        """This design with the variants, repeats and folds of an earlier one, too."""
        return self.model_copy(
            update={
                "variants": {**other.variants, **self.variants},
                "repeats": max(self.repeats, other.repeats),
                "folds": max(self.folds, other.folds),
            }
        )

    def metric_of(self, variant: str) -> str:
        """The primary metric of a variant: its own, else the study's."""
        return self.variants[variant].primary_metric or self.primary_metric

    def identity(self, variant: str, repeat: int, fold: int) -> str:
        """SHA-256 of all that makes a run what it is; a run folder that says another is not of this study."""
        about = self.model_dump(
            mode="json",
            include={"study", "protocol", "layers", "settings", "manifest_sha256", "splits_sha256"},
        )
        one = self.variants[variant].model_dump(mode="json", exclude={"primary_metric"})
        return sha256_of([about, variant, one, repeat, fold])


def sha256_of(content: Any) -> str:
    """SHA-256 of content that JSON can hold; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_design(output: Path) -> Design | None:
    """The design of the study in the folder `output`; None where there is none.

    Raises:
        DataError: `study.json` is damaged.
    """
    path = Path(output) / NAME
    if not path.is_file():
        return None
    try:
        return Design.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise DataError(
            f"{path}: damaged ({reason}), expected what `study run` wrote; put the file back, "
            "or begin the study in another folder"
        ) from error


def require_design(output: Path, *, study: str) -> Design:
    """The design in the folder `output`, of the study named.

    Raises:
        UsageError: there is none, or it is of another study.
    """
    design = read_design(output)
    if design is None:
        raise UsageError(
            f"{output}: no study there, expected a folder with {NAME}; begin one with monai-mri study run"
        )
    refuse_other_study(output, design, study=study)
    return design


def refuse_other_study(output: Path, design: Design, *, study: str) -> None:
    """Raise UsageError where the folder holds a study of another bundle."""
    if design.study != study:
        raise UsageError(
            f"{output}: holds a study of {design.study}, expected one of {study}; name its bundle, "
            "or another --output"
        )


def refuse_foreign(output: Path) -> None:
    """Raise UsageError where the folder is a file, or holds something else than a study."""
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output}: is a file, expected a folder; name another --output")
    if not output.is_dir() or (output / NAME).is_file():
        return
    if foreign := sorted(path.name for path in output.iterdir() if path.name not in OURS):
        raise UsageError(
            f"{output}: holds {foreign[0]} and no {NAME}, so it is no study's folder; name another --output"
        )


def write_design(output: Path, design: Design) -> None:
    """Write `study.json`, whole or not at all."""
    text = json.dumps(design.model_dump(mode="json"), indent=1, ensure_ascii=False)
    write_whole(Path(output) / NAME, f"{text}\n".encode())
