"""Which anatomical regions a map points at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from monai_mri.errors import ImageError, UsageError
from monai_mri.explain.labels import read_labels
from monai_mri.explain.top import as_map, top_weights

Array = npt.NDArray[Any]
OUTSIDE = "outside"


class RegionRow(NamedTuple):
    """One region of a map.

    Attributes:
        region: its name; "outside" for the voxels of no region.
        label: its number in the atlas, 0 outside.
        voxels: of the map's grid in it.
        volume_share: its share of the grid's voxels, or of the mask's.
        mean: of the map in it; nan without voxels.
        max: of the map in it; nan without voxels.
        mass_share: its share of the sum of the map's magnitudes; nan where all are 0.
        top_share: its share of the top voxels, those of largest magnitude; over `volume_share` that is how
            often more than chance.
    """

    region: str
    label: int
    voxels: int
    volume_share: float
    mean: float
    max: float
    mass_share: float
    top_share: float


def region_table(
    values: Array,
    affine: Array,
    *,
    atlas: str | Path | None = None,
    labels: str | Path | Mapping[str, int] | None = None,
    mask: Array | None = None,
    share: float = 0.01,
    regions: tuple[Array, Mapping[str, int]] | None = None,
) -> list[RegionRow]:
    """Mean, maximum, mass and top voxels of a map in each region.

    Args:
        values: the map, (I, J, K).
        affine: indices of the map to world mm, 4 x 4.
        atlas: NIfTI of labels in the same world space, put on the map's grid by nearest neighbour; None
            for `monai_mri.phantom.regions.white_matter_regions`, a coarse partition of MNI white matter.
        labels: the atlas's names, as a file for `read_labels` or name to number; None for "label 7".
        mask: bool (I, J, K), such as the brain; voxels outside it do not count. None for the whole grid.
        share: of the voxels that count as top.
        regions: what `regions_on_grid` gave for this grid, so that several maps on it need no second reading
            of the atlas; `atlas` and `labels` are not looked at then.

    Returns:
        A row a region in the order of the labels, and last the voxels of no region. Where a map is tied at
        the threshold of the top voxels, the tied ones share what is left. A constant map has no top: nan.

    Raises:
        ImageError: the atlas cannot be read, or a map is not finite.
        UsageError: the shapes differ, or `share`, the labels or the affine do not fit.
    """
    values, mask = as_map(values, mask)
    if np.shape(affine) != (4, 4):
        raise UsageError(f"region_table: an affine of shape {np.shape(affine)}, expected 4 x 4; correct it")
    if regions is None:
        on_map = np.asarray(affine, dtype=np.float64)
        regions = regions_on_grid(values.shape, on_map, atlas=atlas, labels=labels)
    places, names = regions
    if np.shape(places) != values.shape:
        raise UsageError(
            f"region_table: regions of shape {np.shape(places)}, expected {values.shape} like the map; "
            "take those of regions_on_grid for the map's grid"
        )
    size = np.abs(values)
    top = top_weights(size, mask, share=share)
    mass = np.where(mask, size, 0).astype(np.float64)
    names = {**names, OUTSIDE: 0}
    inside = np.isin(places, [label for label in names.values() if label])
    places = np.where(inside, places, 0)
    return [
        _row(name, label, (places == label) & mask, values, mass, top, mask) for name, label in names.items()
    ]


def regions_on_grid(
    shape: tuple[int, ...],
    affine: Array,
    *,
    atlas: str | Path | None = None,
    labels: str | Path | Mapping[str, int] | None = None,
) -> tuple[Array, dict[str, int]]:
    """Label of each voxel of a grid, 0 for none, and the label of each name; arguments as in `region_table`.

    Raises:
        ImageError: the atlas cannot be read.
        UsageError: there are labels without an atlas, or they do not fit.
    """
    if atlas is None:
        if labels is not None:
            raise UsageError("region_table: labels without an atlas, expected both; give the atlas, too")
        from monai_mri.phantom.regions import white_matter_regions

        return white_matter_regions(affine, shape)
    regions = atlas_on_grid(atlas, affine, shape)
    if labels is None:
        return regions, {f"label {label}": int(label) for label in np.unique(regions) if label}
    return regions, dict(labels) if isinstance(labels, Mapping) else read_labels(labels)


def _row(
    name: str, label: int, where: Array, values: Array, mass: Array, top: Array, mask: Array
) -> RegionRow:
    found = values[where].astype(np.float64)
    total = float(mass.sum())
    return RegionRow(
        region=name,
        label=label,
        voxels=len(found),
        volume_share=len(found) / int(mask.sum()),
        mean=float(found.mean()) if len(found) else float("nan"),
        max=float(found.max()) if len(found) else float("nan"),
        mass_share=float(mass[where].sum()) / total if total else float("nan"),
        top_share=float(top[where].sum() / top[mask].sum()),
    )


def atlas_on_grid(atlas: str | Path, affine: Array, shape: tuple[int, ...]) -> npt.NDArray[np.int32]:
    """Labels of an atlas on another grid of the same world space, by nearest neighbour; 0 beyond it.

    Raises:
        ImageError: it cannot be read, is no NIfTI, or holds values that are not whole numbers.
    """
    from monai_mri.images import read_image

    picture = read_image(atlas)
    if picture.affine is None or (picture.array != np.rint(picture.array)).any():
        raise ImageError(
            f"{atlas}: not a volume of whole numbers, expected labels as NIfTI; give the label image"
        )
    to_atlas = np.linalg.inv(picture.affine) @ affine
    indices = np.indices(shape).reshape(3, -1)
    nearest = np.floor(to_atlas[:3, :3] @ indices + to_atlas[:3, 3:] + 0.5).astype(np.int64)
    within = ((nearest >= 0) & (nearest < np.array(picture.array.shape)[:, None])).all(axis=0)
    regions = np.zeros(indices.shape[1], dtype=np.int32)
    i, j, k = nearest[:, within]
    regions[within] = picture.array[i, j, k].astype(np.int32)
    return regions.reshape(shape)
