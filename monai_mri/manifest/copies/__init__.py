"""Find one image under two subjects: the same voxels, turned or rescaled voxels, and near-copies.

Names load on first use, so that a table of images can be checked without NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monai_mri.manifest.copies.picture import SheetPair, pairs_sheet
    from monai_mri.manifest.copies.prints import Fingerprint, fingerprint
    from monai_mri.manifest.copies.search import Copy, find_copies
    from monai_mri.manifest.copies.series import Series, scan_series

_HOMES = {
    "prints": ("Fingerprint", "fingerprint"),
    "picture": ("SheetPair", "pairs_sheet"),
    "search": ("Copy", "find_copies"),
    "series": ("Series", "scan_series"),
}

__all__ = [
    "Copy",
    "Fingerprint",
    "Series",
    "SheetPair",
    "find_copies",
    "fingerprint",
    "pairs_sheet",
    "scan_series",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
