"""Find layout modules in this folder and call one with checked options."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from monai_mri.errors import UsageError
from monai_mri.manifest.layouts._samples import Collected, utf8_only


@dataclass(frozen=True)
class Layout:
    """A layout: its name, one line about it, its options with their defaults, its presets."""

    name: str
    summary: str
    options: dict[str, Any]
    presets: dict[str, dict[str, str]]
    function: Callable[..., Collected]

    def collect(self, root: Path, options: Mapping[str, Any]) -> Collected:
        """Collect the samples below `root`; `options` may name a `preset`, which the others override.

        Raises:
            UsageError: an option or preset is unknown.
            ManifestError: nothing can be made of the folder.
        """
        given = dict(options)
        preset = given.pop("preset", None)
        settings: dict[str, Any] = {}
        if preset is not None:
            settings |= _known(self.presets, preset, what=f"{self.name}: preset")
        for name in given:
            _known(self.options, name, what=f"{self.name}: option")
        return utf8_only(self.function(root, **(settings | given)), root)


def available() -> dict[str, Layout]:
    """Every layout by name, in alphabetical order.

    >>> "image-pairs" in available()
    True
    """
    names = sorted(found.name for found in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return {name: _layout(name) for name in map(_public, names) if not name.startswith("-")}


def find(name: str) -> Layout:
    """The layout with that name.

    Raises:
        UsageError: there is none.
    """
    layout: Layout = _known(available(), name, what="layout")
    return layout


def _public(module: str) -> str:
    return module.replace("_", "-")


def _module(name: str) -> Any:
    return importlib.import_module(f"monai_mri.manifest.layouts.{name.replace('-', '_')}")


def _layout(name: str) -> Layout:
    module = _module(name)
    parameters = inspect.signature(module.collect).parameters.values()
    options = {known.name: known.default for known in parameters if known.kind is known.KEYWORD_ONLY}
    summary = (inspect.getdoc(module.collect) or "").partition("\n")[0]
    return Layout(name, summary, options, getattr(module, "PRESETS", {}), module.collect)


def _known(table: Mapping[str, Any], name: str, *, what: str) -> Any:
    if name not in table:
        near = get_close_matches(name, table, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "choose one of those"
        raise UsageError(f"{what} {name!r} is unknown, expected {', '.join(table) or 'none'}; {hint}")
    return table[name]
