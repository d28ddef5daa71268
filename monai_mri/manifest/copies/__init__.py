"""Find one image under two subjects: the same voxels, turned or rescaled voxels, and near-copies.

Names load on first use, so that a table of images can be checked without NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monai_mri.lazy import names_on_use

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

__getattr__, __dir__ = names_on_use(__name__, _HOMES)
