"""Read MRI from disk, NIfTI or 2D pictures, strictly and without torch.

Names load on first use, so that a table of images can be shown without NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monai_mri.images.headers import Header, read_header
    from monai_mri.images.names import image_suffix, is_image_name
    from monai_mri.images.picture import NiftiGrid, Picture, check_same_grid
    from monai_mri.images.read import lesions, read_image, read_mask

_HOMES = {
    "headers": ("Header", "read_header"),
    "names": ("image_suffix", "is_image_name"),
    "picture": ("NiftiGrid", "Picture", "check_same_grid"),
    "read": ("lesions", "read_image", "read_mask"),
}

__all__ = [
    "Header",
    "NiftiGrid",
    "Picture",
    "check_same_grid",
    "image_suffix",
    "is_image_name",
    "lesions",
    "read_header",
    "read_image",
    "read_mask",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
