"""Where a 3D classification network looks: class maps, their pictures, regions and checks.

Names load on first use, so that scores and tables need no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monai_mri.lazy import names_on_use

if TYPE_CHECKING:
    from monai_mri.explain.chance import Chance, against_chance
    from monai_mri.explain.difference import Difference, group_difference
    from monai_mri.explain.labels import read_labels
    from monai_mri.explain.methods import (
        METHODS,
        cam,
        default_layer,
        grad_cam,
        hires_cam,
        make_map,
        summed_map,
    )
    from monai_mri.explain.mni import overlay_on_mni
    from monai_mri.explain.occlude import occlusion
    from monai_mri.explain.randomise import Randomised, randomisation_check
    from monai_mri.explain.regions import RegionRow, region_table, regions_on_grid
    from monai_mri.explain.scores import MapScore, TopShare, pointing_game_hit, score_map, top_share
    from monai_mri.explain.sheet import sagittal_sheet
    from monai_mri.explain.summary import MethodRow, summarise_maps
    from monai_mri.explain.write import write_map

_HOMES = {
    "chance": ("Chance", "against_chance"),
    "difference": ("Difference", "group_difference"),
    "labels": ("read_labels",),
    "methods": ("METHODS", "cam", "default_layer", "grad_cam", "hires_cam", "make_map", "summed_map"),
    "mni": ("overlay_on_mni",),
    "occlude": ("occlusion",),
    "randomise": ("Randomised", "randomisation_check"),
    "regions": ("RegionRow", "region_table", "regions_on_grid"),
    "scores": ("MapScore", "TopShare", "pointing_game_hit", "score_map", "top_share"),
    "sheet": ("sagittal_sheet",),
    "summary": ("MethodRow", "summarise_maps"),
    "write": ("write_map",),
}

__all__ = [
    "METHODS",
    "Chance",
    "Difference",
    "MapScore",
    "MethodRow",
    "Randomised",
    "RegionRow",
    "TopShare",
    "against_chance",
    "cam",
    "default_layer",
    "grad_cam",
    "group_difference",
    "hires_cam",
    "make_map",
    "occlusion",
    "overlay_on_mni",
    "pointing_game_hit",
    "randomisation_check",
    "read_labels",
    "region_table",
    "regions_on_grid",
    "sagittal_sheet",
    "score_map",
    "summarise_maps",
    "summed_map",
    "top_share",
    "write_map",
]

__getattr__, __dir__ = names_on_use(__name__, _HOMES)
