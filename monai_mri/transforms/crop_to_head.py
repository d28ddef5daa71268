"""Cut the air around a head away."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from monai.transforms import MapTransform
from monai.transforms.croppad.array import SpatialCrop

from monai_mri.errors import ImageError
from monai_mri.images.picture import Float32Array

AIR = 0.2  # of the tissue's intensity: below it, a voxel is air or noise in air

Box = tuple[slice, ...]


def head_box(image: Float32Array, *, air: float = AIR) -> Box:
    """The smallest box around a head, whose air may hold noise.

    Tissue is the median of the voxels brighter than the mean, as in `normalize_to_tissue`. The head is the
    largest piece, connected by faces, of the voxels above `air` times tissue, opened by one voxel: noise that
    touches it, and bright specks in air, lie outside.

    Args:
        image: (I, J, K), any units, air darker than tissue.
        air: share of the tissue's intensity, 0 to below 1.

    Returns:
        A slice an axis.

    Raises:
        ImageError: all voxels are equal, or the tissue is not brighter than 0 (E302).

    >>> volume = np.zeros((8, 7, 6), dtype=np.float32)
    >>> volume[2:7, 1:6, 0:5], volume[0, 0, 5] = 100, 90
    >>> head_box(volume)
    (slice(2, 7, None), slice(1, 6, None), slice(0, 5, None))
    """
    import cc3d
    from scipy.ndimage import binary_dilation, binary_erosion

    bright = image[image > image.mean()]
    tissue = float(np.median(bright)) if bright.size else 0.0
    if not tissue > 0:
        raise ImageError("an empty or constant image, expected a head brighter than the air around it [E302]")
    cube = np.ones((3, 3, 3), dtype=np.bool_)
    inner = binary_erosion(image > air * tissue, cube, border_value=1)  # what the border cuts goes on beyond
    pieces = cc3d.connected_components(binary_dilation(inner, cube).astype(np.uint8), connectivity=6)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    if not sizes.any():
        raise ImageError("no head found in it, expected tissue brighter than the air around it [E302]")
    box: Box = cc3d.statistics(pieces)["bounding_boxes"][int(sizes.argmax())]
    return tuple(slice(int(side.start), int(side.stop)) for side in box)


class CropToHeadd(MapTransform):
    """Cut images to the box that `head_box` finds in one of them.

    The NMOSD study crops a lesion map by the box of its FLAIR ("Data Processing" there), so that a lesion
    keeps its place in the head.

    Args:
        keys: keys of images (C, I, J, K) on one grid.
        guide: key of the image (1, I, J, K) that the box is found in; it leaves the sample unless it stands
            among `keys`.
        air: as in `head_box`.

    Raises:
        ImageError: the guide is empty or constant, or an image has another shape; names the file.
    """

    def __init__(self, keys: str | Sequence[str], *, guide: str = "guide", air: float = AIR) -> None:
        super().__init__(keys)
        self.guide, self.air = guide, air

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Crop one sample."""
        sample = dict(data)
        guide = sample[self.guide] if self.guide in self.keys else sample.pop(self.guide)
        voxels = np.asarray(guide[0], dtype=np.float32)
        try:
            crop = SpatialCrop(roi_slices=list(head_box(voxels, air=self.air)))
        except ImageError as error:
            raise ImageError(f"{guide.meta['filename_or_obj']}: {error}") from None
        for key in self.keys:
            if tuple(sample[key].shape[1:]) != voxels.shape:
                raise ImageError(
                    f"{sample[key].meta['filename_or_obj']}: shape {tuple(sample[key].shape[1:])}, expected "
                    f"{voxels.shape} as {guide.meta['filename_or_obj']}; bring both to one grid [E209]"
                )
            sample[key] = crop(sample[key])
        return sample
