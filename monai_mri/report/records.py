"""Files of a run folder, read into types: what is missing is undefined, what is wrong is a DataError."""

from __future__ import annotations

import csv
import json
from math import nan
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from monai_mri.errors import DataError

__all__ = ["Count", "Figure", "Figures", "Record", "read_json", "read_rows", "validate"]

LARGEST = 10**15  # a count beyond is a mistake


def _undefined(value: object) -> object:
    """JSON null and an empty CSV cell are both the undefined figure."""
    return nan if value is None or value == "" else value


def _optional(value: object) -> object:
    return None if value == "" else value


Figure = Annotated[float, BeforeValidator(_undefined)]
Number = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
Count = Annotated[Number | None, BeforeValidator(_optional)]
Figures = list[Figure]


class Record(BaseModel):
    """Unknown keys are allowed, so that an older page maker reads a newer run."""

    model_config = ConfigDict(extra="ignore", frozen=True)


R = TypeVar("R", bound=Record)


def read_json(path: Path, model: type[R]) -> R | None:
    """A JSON file as a record; None where there is no such file.

    Raises:
        DataError: it is no JSON, or holds other values than expected.
    """
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: is no JSON ({error}); repeat the step that wrote it") from error
    return validate(model, content, path)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Lines of a CSV file, each a mapping of columns to cells; empty where there is no such file.

    Raises:
        DataError: it is no table of UTF-8 text.
    """
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [{key: value or "" for key, value in row.items() if key} for row in csv.DictReader(file)]
    except (ValueError, csv.Error) as error:
        raise DataError(
            f"{path}: is no table ({error}), expected CSV in UTF-8; repeat the step that wrote it"
        ) from error


def validate(model: type[R], content: object, path: Path) -> R:
    """Content of the file `path` as a record.

    Raises:
        DataError: a value is not of the kind expected; the message names it.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(key) for key in first["loc"]) or "the whole file"
        raise DataError(
            f"{path}: {place} is {first['input']!r:.80}, expected otherwise ({first['msg']}); "
            "repeat the step that wrote it"
        ) from error
