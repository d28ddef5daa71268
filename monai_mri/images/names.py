"""Which file names are images."""

from __future__ import annotations

NIFTI_SUFFIXES = (".nii", ".nii.gz")
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")


def is_image_name(name: str) -> bool:
    """Whether a file name ends like an image this package reads (any case)."""
    return "." in name and name.lower().endswith(NIFTI_SUFFIXES + PICTURE_SUFFIXES)


def image_suffix(name: str) -> str:
    """The image suffix of a file name in lower case, `.nii.gz` as one; empty where there is none.

    >>> image_suffix("sub-001_FLAIR.NII.GZ"), image_suffix("notes.txt")
    ('.nii.gz', '')
    """
    lower = name.lower()
    ends = [suffix for suffix in NIFTI_SUFFIXES + PICTURE_SUFFIXES if lower.endswith(suffix)]
    return max(ends, key=len, default="")
