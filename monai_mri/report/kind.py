"""Kinds of study: each is a module in `kinds` and a template of the same name, found by folder."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from monai_mri.errors import DataError
from monai_mri.report import kinds
from monai_mri.report.run_folder import RunFolder

__all__ = ["SHOWN_ROWS", "Kind", "kind_of"]

SHOWN_ROWS = 250  # of a table with a row a scan or a person


def _never(folder: RunFolder) -> bool:
    return False


@dataclass(frozen=True)
class Kind:
    """One kind of study, the `KIND` of its module in `monai_mri.report.kinds`.

    Attributes:
        name: as `evaluation/summary.json` calls it under "kind"; templates/kinds/<name>.html.j2 is its
            template, which extends page.html.j2, and <name>.css there its style, if it has one.
        collect: what the template shows, by name; `scored` among it, the name and `Part` of what was
            evaluated, or None.
        fits: whether a run that has not been evaluated yet looks like one.
        last: taken where no other fits, and where a summary says no kind.
    """

    name: str
    collect: Callable[[RunFolder], dict[str, Any]]
    fits: Callable[[RunFolder], bool] = _never
    last: bool = False


def kind_of(folder: RunFolder) -> Kind:
    """The kind that the evaluation says, or that the training looks like.

    Raises:
        DataError: the evaluation says one that this version does not know.
    """
    known = _found()
    if folder.kind:
        for kind in known:
            if kind.name == folder.kind:
                return kind
        raise DataError(
            f"{folder.path / 'evaluation' / 'summary.json'}: kind is {folder.kind!r:.80}, expected one of "
            f"{', '.join(kind.name for kind in known)}; make the page with the version that evaluated"
        )
    fitting = [kind for kind in known if kind.fits(folder)]
    return fitting[0] if fitting else next(kind for kind in known if kind.last)


def _found() -> list[Kind]:
    names = sorted(module.name for module in pkgutil.iter_modules(kinds.__path__))
    return [import_module(f"{kinds.__name__}.{name}").KIND for name in names]
