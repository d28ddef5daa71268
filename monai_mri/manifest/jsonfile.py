"""Read and write a pydantic model as a JSON file, with one clear line when that fails."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from monai_mri.errors import DataError, ManifestError
from monai_mri.files import write_whole

Model = TypeVar("Model", bound=BaseModel)
LONGEST = 60  # characters of a value that a message shows


def read_model(
    path: Path, model: type[Model], *, again: str, twice: type[DataError] = ManifestError
) -> Model:
    """The model that a JSON file holds.

    `again` tells the reader how to make the file again; `twice` is the error for a key that stands
    twice in one object with two values.

    Raises:
        ManifestError: the file cannot be read, is not UTF-8 JSON, or does not fit the model.
        DataError: of kind `twice`.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            kind = "a folder" if path.is_dir() else "not a regular file"  # a pipe would be waited for
            raise ManifestError(f"{path}: {kind}, expected a readable file; {again}")
        text = path.read_bytes().decode("utf-8-sig")
        content = json.loads(text, object_pairs_hook=_refuse_twice(path, twice, again))
        return model.model_validate(content)
    except OSError as error:
        raise ManifestError(
            f"{path}: {error.strerror or error}, expected a readable file; {again}"
        ) from error
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path}: not UTF-8, expected UTF-8 JSON; {again} [E501]") from error
    except json.JSONDecodeError as error:
        raise ManifestError(
            f"{path}:{error.lineno}: not JSON ({error.msg}), expected JSON; {again}"
        ) from error
    except ValidationError as error:
        raise ManifestError(
            f"{path}: {_first_line(error)}, expected a valid {model.__name__}; {again}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path}: not JSON ({error}), expected a {model.__name__}; {again}") from error


def write_model(path: Path, model: BaseModel) -> None:
    """Write a model as JSON: indented, UTF-8, no NaN, whole or not at all."""
    text = json.dumps(model.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(path, (text + "\n").encode())


def _refuse_twice(
    path: Path, kind: type[DataError], again: str
) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    def hook(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key, value in pairs:
            if key in content and content[key] != value:
                found = f"{_short(key)} stands twice, as {_short(content[key])} and {_short(value)}"
                raise kind(f"{path}: {found}, expected once; {again}")
            content[key] = value
        return content

    return hook


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _first_line(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(step) for step in first["loc"]) or "content"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{place}: {first['msg']}{more}"
