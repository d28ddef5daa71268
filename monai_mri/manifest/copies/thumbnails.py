"""A small picture of a picture: centred on what is bright, so that shift, crop and size matter little."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

THUMBNAIL_SIZES = {2: 64, 3: 24}
COARSE_SIZE = 48
WINDOW_SPREADS = 2.2
OTSU_BINS = 64


def thumbnail(array: FloatArray) -> NDArray[np.uint8]:
    """The bright part of an image as 64 x 64 (2D) or 24 x 24 x 24 (3D) levels of 0 to 255.

    The window reaches 2.2 standard deviations of the bright voxels' positions to either side of their
    centre, along each axis by itself: shift, padding, resizing and a changed aspect drop out. What lies
    outside the image repeats its rim. Each level is the mean over its area.
    """
    size = THUMBNAIL_SIZES[array.ndim]
    coarse = _resample(array, [(0.0, float(length)) for length in array.shape], COARSE_SIZE)
    windows = [
        (low * length / COARSE_SIZE, high * length / COARSE_SIZE)
        for (low, high), length in zip(_windows(coarse), array.shape, strict=True)
    ]
    small = _resample(array, windows, size)
    low, high = float(small.min()), float(small.max())
    if high <= low:
        return np.zeros(small.shape, dtype=np.uint8)
    return np.asarray(np.rint((small - low) * (255.0 / (high - low))), dtype=np.uint8)


def _windows(coarse: FloatArray) -> list[tuple[float, float]]:
    """For each axis where the window begins and ends, in cells."""
    # The root lifts dim tissue, so that a change of contrast moves the border less.
    levels = np.sqrt(coarse - coarse.min())
    bright = (levels > _otsu(levels)).astype(np.float64)
    if not bright.any():
        bright[...] = 1
    windows = []
    for axis in range(coarse.ndim):
        profile = bright.sum(axis=tuple(other for other in range(coarse.ndim) if other != axis))
        cells = np.arange(len(profile)) + 0.5
        centre = float(np.average(cells, weights=profile))
        spread = float(np.sqrt(np.average((cells - centre) ** 2, weights=profile) + 1 / 12))
        windows.append((centre - WINDOW_SPREADS * spread, centre + WINDOW_SPREADS * spread))
    return windows


def _otsu(values: FloatArray) -> float:
    """The threshold that parts dark from bright best (Otsu, IEEE Trans SMC 1979)."""
    counts, edges = np.histogram(values, bins=OTSU_BINS)
    centres = np.array([(low + high) / 2 for low, high in pairwise(edges)])
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = sums[:-1] / below - (sums[-1] - sums[:-1]) / above
        between = np.nan_to_num(below * above * gap**2)
    return float(edges[1:-1][int(np.argmax(between))])


def _resample(array: FloatArray, windows: list[tuple[float, float]], size: int) -> FloatArray:
    small = array
    for axis, (low, high) in enumerate(windows):
        weights = _overlaps(low, high, size, array.shape[axis])
        small = np.moveaxis(np.tensordot(weights, small, axes=(1, axis)), 0, axis)
    return small


def _overlaps(low: float, high: float, size: int, length: int) -> FloatArray:
    """Which share of each of `size` cells between `low` and `high` each of `length` pixels covers."""
    edges = np.linspace(low, high, size + 1)
    starts = np.arange(length)
    # Cells narrower than a pixel would pick single pixels: they reach at least one pixel's width.
    half = max((high - low) / size, 1.0) / 2
    # Cells outside repeat the rim: a drop to black there would make all full frames look alike.
    centres = np.clip((edges[:-1] + edges[1:]) / 2, half, max(length - half, half))
    begin = np.maximum(centres[:, None] - half, starts)
    end = np.minimum(centres[:, None] + half, starts + 1)
    return np.asarray(np.clip(end - begin, 0, None) / (2 * half), dtype=np.float32)
