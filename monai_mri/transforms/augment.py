"""Random flips, quarter turns and mild intensity changes of a tile."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.images.picture import BoolArray

Array = npt.NDArray[Any]


def augment_tile(
    image: Array,
    mask: BoolArray,
    *,
    rng: np.random.Generator,
    flip: bool = True,
    turn: bool = True,
    gain: float = 0.1,
    offset: float = 0.1,
) -> tuple[Array, BoolArray]:
    """Change a tile at random, image and mask alike.

    All draws come from ``rng`` and their number does not depend on the settings, so the same state gives the
    same tile, also in a resumed run.

    Args:
        image: (…, H, W), any units.
        mask: (…, H, W).
        rng: Source of all draws.
        flip: Whether to flip left-right and top-bottom, each with probability 1/2.
        turn: Whether to turn by 0, 90, 180 or 270 degrees (0 or 180 where H and W differ).
        gain: The image is multiplied by a factor within 1 ± ``gain``.
        offset: To the image is added within ± ``offset`` times its standard deviation.

    Returns:
        New image, of the same type, and new mask.

    >>> tile = np.arange(4.0).reshape(2, 2)
    >>> image, mask = augment_tile(tile, tile > 2, rng=np.random.default_rng(1), gain=0, offset=0)
    >>> bool(image[mask].min() > 2), sorted(image.ravel().tolist())
    (True, [0.0, 1.0, 2.0, 3.0])
    """
    horizontal, vertical = (bool(draw) for draw in rng.integers(0, 2, size=2))
    quarters = int(rng.integers(0, 4))
    gain_draw, offset_draw = rng.uniform(-1, 1, size=2)
    axes = tuple(axis for axis, chosen in ((-1, horizontal), (-2, vertical)) if chosen and flip)
    if not turn:
        quarters = 0
    elif image.shape[-1] != image.shape[-2]:
        quarters -= quarters % 2
    changed = _move(image, axes, quarters) * (1 + gain * gain_draw) + offset * offset_draw * image.std()
    return changed.astype(image.dtype), _move(mask, axes, quarters)


def _move(array: Array, flips: tuple[int, ...], quarters: int) -> Array:
    return np.ascontiguousarray(np.rot90(np.flip(array, flips), quarters, axes=(-2, -1)))
