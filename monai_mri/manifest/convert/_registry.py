"""Find the modules of this folder and call one with checked options."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from monai_mri.errors import UsageError
from monai_mri.manifest.convert._inputs import refuse_images, refuse_manifest_files
from monai_mri.manifest.convert._result import Converted
from monai_mri.manifest.core import Manifest


@dataclass(frozen=True)
class Form:
    """A form: its name, one line about it, its options with their defaults."""

    name: str
    summary: str
    options: dict[str, str]
    function: Callable[..., Converted]


def convert_manifest(
    manifest: Manifest, to: str, out: Path, *, force: bool = False, **options: str
) -> Converted:
    """Write a manifest in the form `to` (a module of `monai_mri.manifest.convert`) as `out`.

    Whole or not at all; with `force` it replaces what is there. `options` are the form's own.

    Raises:
        UsageError: the form or an option is unknown, `out` exists and `force` is not set, or `out` is, or
            holds, the manifest, a file that belongs to it, or one of its images.
        ManifestError: the manifest cannot be written in that form.
    """
    form, out = find(to), Path(out)
    for name in options:
        _check_known(name, form.options, what=f"{form.name}: option")
    refuse_manifest_files(manifest.path, out)
    if (out.exists() or out.is_symlink()) and not force:
        raise UsageError(f"{out}: exists already, expected a new name; add --force to replace it")
    refuse_images(manifest, out)
    return form.function(manifest, out, **options)


def available() -> dict[str, Form]:
    """Every form by name, in alphabetical order.

    >>> list(available())
    ['bids', 'decathlon', 'parquet']
    """
    names = sorted(found.name for found in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return {name.replace("_", "-"): _form(name) for name in names if not name.startswith("_")}


def find(name: str) -> Form:
    """The form with that name.

    Raises:
        UsageError: there is none.
    """
    forms = available()
    _check_known(name, forms, what="form")
    return forms[name]


def _form(name: str) -> Form:
    function: Any = importlib.import_module(f"monai_mri.manifest.convert.{name}").convert
    parameters = inspect.signature(function).parameters.values()
    options = {known.name: str(known.default) for known in parameters if known.kind is known.KEYWORD_ONLY}
    summary = (inspect.getdoc(function) or "").partition("\n")[0]
    return Form(name.replace("_", "-"), summary, options, function)


def _check_known(name: str, known: Iterable[str], *, what: str) -> None:
    names = list(known)
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "choose one of those"
        raise UsageError(f"{what} {name!r} is unknown, expected {', '.join(names) or 'none'}; {hint}")
