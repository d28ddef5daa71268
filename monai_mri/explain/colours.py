"""A map's colours over grey anatomy: blue is low, red is high."""

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
    """The map from 0 to 1: values of 0 and below are 0, its highest is 1; a map without any above 0 is 0."""
    high = float(values.max())
    return np.clip(values, 0, None) / high if high > 0 else np.zeros(values.shape)


def blended(grey: Array, level: Array) -> npt.NDArray[np.uint8]:
    """RGB, uint8 (..., 3): the colour covers the more of the anatomy the higher the level."""
    from matplotlib import colormaps

    colour = colormaps["turbo"](0.1 + 0.85 * level)[..., :3]
    opacity = (MOST_OPAQUE * np.sqrt(level))[..., None]
    mixed = (1 - opacity) * grey[..., None] + opacity * colour
    rgb: npt.NDArray[np.uint8] = np.rint(255 * mixed).astype(np.uint8)
    return rgb
