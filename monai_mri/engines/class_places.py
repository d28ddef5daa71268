"""What is known of places in the images, read once a run: the planted truth, the regions of a grid."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.errors import ImageError
from monai_mri.explain import regions_on_grid
from monai_mri.images import Picture, check_same_grid, read_image

Regions = tuple[NDArray[Any], Mapping[str, int]]


class Places:
    """The truth and the regions on the grid of an image.

    Args:
        truth: NIfTI mask, or None.
        atlas: NIfTI of labels; None for the coarse partition of white matter.
        labels: names of the atlas's labels.

    Raises:
        ImageError: the truth cannot be read, or is empty.
    """

    def __init__(
        self, truth: str | Path | None, *, atlas: str | Path | None = None, labels: str | Path | None = None
    ) -> None:
        self.atlas, self.labels = atlas, labels
        self._truth = None if truth is None else read_image(Path(truth))
        if self._truth is not None and not self._truth.array.any():
            raise ImageError(f"{truth}: an empty mask, expected what was planted; leave truth out")
        self._regions: Regions | None = None
        self._like: Picture | None = None

    def truth_on(self, picture: Picture) -> NDArray[np.bool_] | None:
        """The truth, bool (I, J, K), or None where there is none.

        Raises:
            ImageError: it is on another grid than the image.
        """
        if self._truth is None:
            return None
        check_same_grid(picture, self._truth)
        return np.asarray(self._truth.array > 0)

    def regions_on(self, picture: Picture) -> Regions:
        """`regions_on_grid` for the image, made anew only where the grid changes."""
        if self._regions is None or not _same(self._like, picture):
            self._regions = regions_on_grid(
                picture.array.shape, np.asarray(picture.affine), atlas=self.atlas, labels=self.labels
            )
            self._like = picture
        return self._regions


def _same(one: Picture | None, other: Picture) -> bool:
    """Whether two images lie on exactly one grid."""
    if one is None or one.array.shape != other.array.shape:
        return False
    return np.array_equal(np.asarray(one.affine), np.asarray(other.affine))
