"""What a run was asked to do, as text: to record it, and to refuse to go on with something else."""

from __future__ import annotations

from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

PLAIN = (bool, int, float, str)  # in this order: True is an int, too
SIMPLE = (*PLAIN, type(None), Enum, np.number, np.bool_)
DEEPEST = 10


def describe(thing: Any, *, depth: int = 0) -> Any:
    """A component's type and plain settings, as JSON can hold them; equal settings are described equally.

    Attributes that are numbers, texts, lists and dicts of these, or components in turn, are taken; tensors,
    paths, private attributes and caches are not. An enum stands as its value. What a random transform drew
    last is among its attributes: describe it before it draws.

    >>> describe(partial(dict, lr=0.1))
    {'_target_': 'builtins.dict', 'lr': 0.1}
    """
    if isinstance(thing, SIMPLE):
        return _simple(thing)
    if isinstance(thing, (list, tuple)):
        return [describe(item, depth=depth) for item in thing]
    if isinstance(thing, dict):
        return {str(key): describe(value, depth=depth) for key, value in thing.items()}
    if isinstance(thing, partial):
        return {"_target_": _name(thing.func), **describe(dict(thing.keywords), depth=depth)}
    if isinstance(thing, type) or (callable(thing) and not hasattr(thing, "__dict__")):
        return _name(thing)
    if not hasattr(thing, "__dict__"):
        return str(thing)  # such as torch.float32
    if depth >= DEEPEST:
        return _name(type(thing))
    return {"_target_": _name(type(thing)), **_attributes(thing, depth=depth)}


def source_of(dataset: Any) -> Any:
    """The dataset of the manifest below the datasets that cut it into slices and tiles."""
    while hasattr(dataset, "data"):
        dataset = dataset.data
    return dataset


def first_difference(found: Any, wanted: Any, *, path: str = "") -> str | None:
    """Where two descriptions differ first, as "key: was …, is …"; None where they are equal."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        pairs = [(key, found.get(key), wanted.get(key)) for key in sorted(found.keys() | wanted.keys())]
    elif _alike(found, wanted):
        pairs = list(zip(map(str, range(len(found))), found, wanted, strict=True))
    else:
        return None if _equal(found, wanted) else f"{path}: was {found!r}, is {wanted!r}"
    below = (first_difference(one, other, path=f"{path}::{key}".lstrip(":")) for key, one, other in pairs)
    return next(filter(None, below), None)


def _simple(thing: Any) -> Any:
    """A number or text as Python's own type: a checkpoint is read without any other."""
    if isinstance(thing, Enum):
        return describe(thing.value)
    if isinstance(thing, (np.number, np.bool_)):
        return thing.item()
    return next((plain(thing) for plain in PLAIN if isinstance(thing, plain)), thing)


def _alike(found: Any, wanted: Any) -> bool:
    """Whether both are equally long lists of components; a list of numbers is shown as a whole."""
    both = isinstance(found, list) and isinstance(wanted, list)
    return both and len(found) == len(wanted) and all(isinstance(item, dict) for item in [*found, *wanted])


def _equal(found: Any, wanted: Any) -> bool:
    both_nan = isinstance(found, float) and isinstance(wanted, float) and found != found and wanted != wanted
    return both_nan or bool(found == wanted)


def _attributes(thing: Any, *, depth: int) -> dict[str, Any]:
    modules = getattr(thing, "_modules", {})
    found = {**vars(thing), **modules}
    return {
        name: describe(value, depth=depth + 1)
        for name, value in sorted(found.items())
        if not name.startswith("_") and name != "training" and _is_setting(value)
    }


def _is_setting(value: Any) -> bool:
    if isinstance(value, (*SIMPLE, partial)):
        return True
    if isinstance(value, (list, tuple)):
        return all(_is_setting(item) for item in value)
    if isinstance(value, dict):
        return all(_is_setting(item) for item in value.values())
    module = type(value).__module__
    return (
        not isinstance(value, Path)
        and module.split(".")[0] in ("monai", "monai_mri", "torch")
        and (not hasattr(value, "shape"))
    )


def _name(thing: Any) -> str:
    return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', repr(thing))}"
