"""Tiling, augmenting and writing images.

Names load on first use: only `ReadMRId` and its two helpers need torch and MONAI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monai_mri.lazy import names_on_use

if TYPE_CHECKING:
    from monai_mri.transforms.augment import augment_tile
    from monai_mri.transforms.check_grid import CheckGridd
    from monai_mri.transforms.crop_to_head import CropToHeadd, head_box
    from monai_mri.transforms.cube import (
        apply_symmetry,
        compose_symmetries,
        cube_symmetries,
        inverse_symmetry,
        symmetry_of,
    )
    from monai_mri.transforms.cube_augment import (
        CubeSymmetryDataset,
        RandCubeSymmetryBatchd,
        RandCubeSymmetryd,
    )
    from monai_mri.transforms.read_mri import ReadMRId, picture_of, to_meta_tensor
    from monai_mri.transforms.repeat_channels import RepeatChannelsd
    from monai_mri.transforms.resize import ResizeImaged, resize_image, resize_mask
    from monai_mri.transforms.save import output_name, suffix_for, write_mask, write_probability
    from monai_mri.transforms.tiles import (
        Candidates,
        Tile,
        candidate_negatives,
        cut_tile,
        draw_negatives,
        negative_count,
        plan_tiles,
        positive_tiles,
    )
    from monai_mri.transforms.tissue import NormalizeToTissued, normalize_to_tissue
    from monai_mri.transforms.unit_range import ScaleToUnitd, scale_to_unit

_HOMES = {
    "augment": ("augment_tile",),
    "check_grid": ("CheckGridd",),
    "crop_to_head": ("CropToHeadd", "head_box"),
    "cube": (
        "apply_symmetry",
        "compose_symmetries",
        "cube_symmetries",
        "inverse_symmetry",
        "symmetry_of",
    ),
    "cube_augment": ("CubeSymmetryDataset", "RandCubeSymmetryBatchd", "RandCubeSymmetryd"),
    "read_mri": ("ReadMRId", "picture_of", "to_meta_tensor"),
    "repeat_channels": ("RepeatChannelsd",),
    "resize": ("ResizeImaged", "resize_image", "resize_mask"),
    "save": ("output_name", "suffix_for", "write_mask", "write_probability"),
    "tissue": ("NormalizeToTissued", "normalize_to_tissue"),
    "tiles": (
        "Candidates",
        "Tile",
        "candidate_negatives",
        "cut_tile",
        "draw_negatives",
        "negative_count",
        "plan_tiles",
        "positive_tiles",
    ),
    "unit_range": ("ScaleToUnitd", "scale_to_unit"),
}

__all__ = [
    "Candidates",
    "CheckGridd",
    "CropToHeadd",
    "CubeSymmetryDataset",
    "NormalizeToTissued",
    "RandCubeSymmetryBatchd",
    "RandCubeSymmetryd",
    "ReadMRId",
    "RepeatChannelsd",
    "ResizeImaged",
    "ScaleToUnitd",
    "Tile",
    "apply_symmetry",
    "augment_tile",
    "candidate_negatives",
    "compose_symmetries",
    "cube_symmetries",
    "cut_tile",
    "draw_negatives",
    "head_box",
    "inverse_symmetry",
    "negative_count",
    "normalize_to_tissue",
    "output_name",
    "picture_of",
    "plan_tiles",
    "positive_tiles",
    "resize_image",
    "resize_mask",
    "scale_to_unit",
    "suffix_for",
    "symmetry_of",
    "to_meta_tensor",
    "write_mask",
    "write_probability",
]

__getattr__, __dir__ = names_on_use(__name__, _HOMES)
