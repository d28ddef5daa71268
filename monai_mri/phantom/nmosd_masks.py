"""Real lesion masks in MNI space: where their lesions lie, and how large they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monai_mri.errors import DataError, UsageError
from monai_mri.images.read import read_image
from monai_mri.phantom.anatomy import Anatomy
from monai_mri.phantom.nmosd_places import PlaceMap, tissue

SMALLEST_ML, LARGEST_ML = 0.05, 3.0

_BLUR_MM = 3.0
_LEAST_IN_BRAIN = 0.8


@dataclass(frozen=True, eq=False)
class RealLesions:
    """What a folder of masks tells.

    Attributes:
        places: density of lesions, every mask with the same weight, smoothed by 3 mm.
        volumes_ml: volumes of the components between 0.05 and 3 ml, rising; larger ones count as 3 ml.
        masks: number of masks.
    """

    places: PlaceMap
    volumes_ml: NDArray[np.float64]
    masks: int


def read_lesion_masks(folder: Path, anatomy: Anatomy) -> RealLesions:
    """Read all masks below a folder: the NIfTI files that hold 0 and 1 alone; other images are passed over.

    Args:
        folder: masks in MNI space, any grid.
        anatomy: whose grid the density is for.

    Raises:
        UsageError: there is no such folder.
        DataError: no mask in it, less than 80 % of a mask lies in the brain of MNI space, or all lesions are
            smaller than 0.05 ml.
        ImageError: a file cannot be read.
    """
    if not folder.is_dir():
        raise UsageError(
            f"lesion_masks: {str(folder)!r} is no folder, expected one of masks in MNI space; correct it"
        )
    density = np.zeros(anatomy.wm.shape, dtype=np.float64)
    volumes, count = [], 0
    for path in sorted(p for p in folder.rglob("*") if p.name.endswith((".nii", ".nii.gz"))):
        picture = read_image(path)
        if picture.affine is None or not np.isin(picture.array, (0, 1)).all() or not picture.array.any():
            continue
        mask = picture.array > 0
        density += _on_grid(mask, picture.affine, anatomy, path)
        volumes.append(_volumes_ml(mask, picture.affine))
        count += 1
    if not count:
        raise DataError(
            f"{folder}: no lesion mask, expected NIfTI files that hold 0 and 1; name another folder"
        )
    return RealLesions(_smoothed(density, anatomy), _usable(np.concatenate(volumes), folder), count)


def _on_grid(
    mask: NDArray[np.bool_], affine: NDArray[np.float64], anatomy: Anatomy, path: Path
) -> NDArray[np.float64]:
    """Share of a mask's voxels in each voxel of the anatomy's grid."""
    points_mm = np.argwhere(mask) @ affine[:3, :3].T + affine[:3, 3]
    voxels = anatomy.nearest_voxel(points_mm)
    inside = ((voxels >= 0) & (voxels < anatomy.wm.shape)).all(axis=1)
    voxels = voxels[inside]
    in_brain = float((anatomy.skull_mm[tuple(voxels.T)] <= 0).sum()) / len(points_mm)
    if in_brain < _LEAST_IN_BRAIN:
        raise DataError(
            f"{path}: {in_brain:.0%} of the mask lies in the brain of MNI space, expected at least "
            f"{_LEAST_IN_BRAIN:.0%}; register it to MNI152"
        )
    shares = np.zeros(anatomy.wm.shape, dtype=np.float64)
    np.add.at(shares, tuple(voxels.T), 1 / len(points_mm))
    return shares


def _smoothed(density: NDArray[np.float64], anatomy: Anatomy) -> PlaceMap:
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(density, _BLUR_MM / anatomy.step_mm, truncate=3)
    smooth[(smooth < 1e-4 * smooth.max()) | ~tissue(anatomy)] = 0
    return PlaceMap.of(smooth)


def _volumes_ml(mask: NDArray[np.bool_], affine: NDArray[np.float64]) -> NDArray[np.float64]:
    import cc3d

    labels = cc3d.connected_components(mask, connectivity=26)
    sizes = np.bincount(labels.ravel())[1:]
    return sizes * abs(float(np.linalg.det(affine[:3, :3]))) / 1000


def _usable(volumes_ml: NDArray[np.float64], folder: Path) -> NDArray[np.float64]:
    kept = np.sort(np.minimum(volumes_ml[volumes_ml >= SMALLEST_ML], LARGEST_ML))
    if not len(kept):
        raise DataError(
            f"{folder}: all lesions are smaller than {SMALLEST_ML} ml, expected larger ones; "
            "check the masks' voxel size"
        )
    return kept
