"""A map's colours over grey anatomy: blue is low and red is high, or blue against and red for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from monai_mri.explain.top import Array

MOST_OPAQUE = 0.75


def grey_levels(volume: Array) -> npt.NDArray[np.float64]:
    """Anatomy from 0 (black) to 1 (white), the brightest half per cent of it at white."""
    found = volume[volume > volume.min()]
    if not found.size:
        return np.zeros(volume.shape)
    low, high = float(volume.min()), float(np.percentile(found, 99.5))
    return np.clip((volume - low) / (high - low), 0, 1) if high > low else (volume > low).astype(float)


def strength(values: Array) -> npt.NDArray[np.float64]:
    """The map from -1 to 1, in shares of its largest value of either sign; 0 stays 0."""
    high = float(np.abs(values).max())
    return values / high if high > 0 else np.zeros(values.shape)


def blended(grey: Array, level: Array, *, signed: bool = False) -> npt.NDArray[np.uint8]:
    """RGB, uint8 (..., 3): the colour covers the more of the anatomy the larger the level.

    Args:
        grey: anatomy, 0 to 1.
        level: 0 to 1, or -1 to 1 if `signed`.
        signed: blue below 0, red above; else blue is low and red is high.
    """
    from matplotlib import colormaps

    colour = (colormaps["coolwarm"](0.5 + level / 2) if signed else colormaps["turbo"](0.1 + 0.85 * level))[
        ..., :3
    ]
    opacity = (MOST_OPAQUE * np.sqrt(np.abs(level)))[..., None]
    mixed = (1 - opacity) * grey[..., None] + opacity * colour
    rgb: npt.NDArray[np.uint8] = np.rint(255 * mixed).astype(np.uint8)
    return rgb
