"""The strongest voxels of a map."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.errors import ImageError, UsageError

Array = npt.NDArray[Any]
BoolArray = npt.NDArray[np.bool_]


def top_weights(values: Array, mask: BoolArray, *, share: float) -> npt.NDArray[np.float64]:
    """How much each voxel counts among the top ones.

    The `share` of the mask's voxels with the highest values count 1, at least one voxel. Where several are
    tied at the threshold they share what is left, as a random choice among them would on average.

    Returns:
        Of the map's shape, 0 to 1; all nan where the map is constant in the mask.

    Raises:
        UsageError: `share` is not above 0 and at most 1.

    >>> row = np.array([3.0, 2, 2, 1]).reshape(4, 1, 1)
    >>> top_weights(row, row > 0, share=0.5)[:, 0, 0].tolist()
    [1.0, 0.5, 0.5, 0.0]
    """
    if not 0 < share <= 1:
        raise UsageError(f"explain: share is {share}, expected above 0 and at most 1; correct it")
    found = values[mask]
    if found.max() == found.min():
        return np.full(values.shape, np.nan)
    wanted = max(1, round(share * len(found)))
    threshold = np.partition(found, len(found) - wanted)[len(found) - wanted]
    above, tied = int((found > threshold).sum()), int((found == threshold).sum())
    weights = np.where(values > threshold, 1.0, np.where(values == threshold, (wanted - above) / tied, 0.0))
    return np.where(mask, weights, 0.0)


def as_map(values: Array, mask: Array | None) -> tuple[Array, BoolArray]:
    """A map and its mask, checked; without a mask every voxel counts.

    Raises:
        UsageError: the map is not 3D, or the mask is empty, not bool or of another shape.
        ImageError: the map is not finite.
    """
    values = np.asarray(values)
    if values.ndim != 3:
        raise UsageError(f"explain: a map of shape {values.shape}, expected (I, J, K); give one map")
    mask = np.ones(values.shape, dtype=np.bool_) if mask is None else np.asarray(mask)
    _require_bool(mask, values.shape, "mask")
    if not mask.any():
        raise UsageError("explain: an empty mask, expected voxels to score; give another mask or None")
    if not np.isfinite(values).all():
        raise ImageError("explain: a map with NaN or infinity, expected numbers; check the network's weights")
    return values, mask


def as_truth(truth: Array, shape: tuple[int, ...]) -> BoolArray:
    """The true region, checked.

    Raises:
        UsageError: it is not bool or of another shape than the map.
    """
    truth = np.asarray(truth)
    _require_bool(truth, shape, "truth")
    return truth


def _require_bool(array: Array, shape: tuple[int, ...], name: str) -> None:
    if array.dtype != np.bool_ or array.shape != shape:
        raise UsageError(
            f"explain: {name} is {array.dtype} of shape {array.shape}, expected bool of shape {shape} "
            f"like the map; compare it first, as in {name} > 0, or resample it"
        )
