"""Parts that a data set's own folders or lists name, in the words of a manifest."""

from __future__ import annotations

_NAMES = {
    "train": ("train", "training", "tr"),
    "validation": ("validation", "valid", "val"),
    "test": ("test", "testing", "ts"),
}
_PARTS = {name: part for part, names in _NAMES.items() for name in names}


def official_part(name: str) -> str:
    """The part that a folder or a list is called after, in any case; empty when it is none.

    >>> official_part("Training"), official_part("val"), official_part("glioma")
    ('train', 'validation', '')
    """
    return _PARTS.get(name.lower(), "")
