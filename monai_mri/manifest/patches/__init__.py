"""Lesion patches: find the lesions of a volume, place a box on each, cut it out."""

from monai_mri.manifest.patches.components import Lesion, find_lesions, number_lesions
from monai_mri.manifest.patches.cut import Box, cut, moved_affine, place

__all__ = ["Box", "Lesion", "cut", "find_lesions", "moved_affine", "number_lesions", "place"]
