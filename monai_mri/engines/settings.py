"""What a run was asked to do, as text: to record it, and to refuse to go on with something else."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

SIMPLE = (bool, int, float, str, type(None))
DEEPEST = 6


def describe(thing: Any, *, depth: int = 0) -> Any:
    """A component's type and plain settings, as JSON can hold them; equal settings are described equally.

    Attributes that are numbers, texts, lists and dicts of these, or components in turn, are taken; tensors,
    paths, private attributes and caches are not.

    >>> describe(partial(dict, lr=0.1))
    {'_target_': 'builtins.dict', 'lr': 0.1}
    """
    if isinstance(thing, SIMPLE):
        return thing
    if isinstance(thing, (list, tuple)):
        return [describe(item, depth=depth + 1) for item in thing] if depth < DEEPEST else str(type(thing))
    if isinstance(thing, dict):
        return {str(key): describe(value, depth=depth + 1) for key, value in thing.items()}
    if isinstance(thing, partial):
        return {"_target_": _name(thing.func), **describe(dict(thing.keywords), depth=depth + 1)}
    if isinstance(thing, type) or (callable(thing) and not hasattr(thing, "__dict__")):
        return _name(thing)
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
        for key in sorted(found.keys() | wanted.keys()):
            below = f"{path}::{key}" if path else key
            if difference := first_difference(found.get(key), wanted.get(key), path=below):
                return difference
        return None
    return None if found == wanted else f"{path}: was {found!r}, is {wanted!r}"


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
