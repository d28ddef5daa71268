"""Read MRI from disk, NIfTI or 2D pictures, strictly and without torch, and write results on their grid.

Names load on first use, so that a table of images can be shown without NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monai_mri.lazy import names_on_use

if TYPE_CHECKING:
    from monai_mri.images.headers import Header, read_header
    from monai_mri.images.names import image_suffix, is_image_name
    from monai_mri.images.picture import NiftiGrid, Picture, check_same_grid
    from monai_mri.images.read import lesions, read_colour, read_image, read_mask
    from monai_mri.images.write import require_shape, write_nifti

_HOMES = {
    "headers": ("Header", "read_header"),
    "names": ("image_suffix", "is_image_name"),
    "picture": ("NiftiGrid", "Picture", "check_same_grid"),
    "read": ("lesions", "read_colour", "read_image", "read_mask"),
    "write": ("require_shape", "write_nifti"),
}

__all__ = [
    "Header",
    "NiftiGrid",
    "Picture",
    "check_same_grid",
    "image_suffix",
    "is_image_name",
    "lesions",
    "read_colour",
    "read_header",
    "read_image",
    "read_mask",
    "require_shape",
    "write_nifti",
]

__getattr__, __dir__ = names_on_use(__name__, _HOMES)
