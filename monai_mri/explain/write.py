"""Write a map in the space of the volume that it explains."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from monai_mri.errors import ImageError
from monai_mri.explain.geometry import Array
from monai_mri.images import Picture, read_image, require_shape, write_nifti


def write_map(values: Array, like: Picture | str | Path, out_path: str | Path) -> Path:
    """Write a map as NIfTI on the grid of its volume.

    Args:
        values: (I, J, K) in the axes of ``like``, that is RAS order; any finite numbers.
        like: the volume that the map was made from, read or as a path.
        out_path: ``.nii`` or ``.nii.gz``.

    Returns:
        The path written: float32 with the shape, affine and orientation of the file that was read; it
        appears there complete or not at all.

    Raises:
        ImageError: the shape differs from the volume's, it is a 2D picture, or a value is not finite.
        UsageError: the ending is not NIfTI's.
    """
    picture = like if isinstance(like, Picture) else read_image(like)
    values = np.asarray(values, dtype=np.float32)
    require_shape(values, picture)
    if picture.grid is None:
        raise ImageError(f"{picture.path}: a 2D picture, expected a NIfTI volume; explain a volume")
    broken = int(np.sum(~np.isfinite(values)))
    if broken:
        raise ImageError(
            f"{out_path}: {broken} values of the map are not finite, expected numbers; check the weights"
        )
    return write_nifti(values, picture.grid, Path(out_path))
