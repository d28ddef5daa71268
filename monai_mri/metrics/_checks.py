"""Refuse masks, maps and voxel sizes that the measures cannot score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.errors import ImageError, UsageError

BoolArray = npt.NDArray[np.bool_]
DIMENSIONS = (2, 3)


def check_masks(pred: npt.ArrayLike, truth: npt.ArrayLike, *, where: str) -> tuple[BoolArray, BoolArray]:
    """Both masks as boolean arrays of one 2D or 3D shape; raise UsageError or ImageError if they are not."""
    masks = {"pred": np.asarray(pred), "truth": np.asarray(truth)}
    for name, mask in masks.items():
        _check_bool(mask, name=name, where=where)
    _check_shapes(masks["pred"], masks["truth"], names=("pred", "truth"), where=where)
    return masks["pred"], masks["truth"]


def check_probability(
    probability: npt.ArrayLike, truth: npt.ArrayLike, *, where: str
) -> tuple[npt.NDArray[np.floating[Any]], BoolArray]:
    """A map of probabilities, 0 to 1 and finite, and its mask; raise UsageError or ImageError otherwise."""
    map_, mask = np.asarray(probability), np.asarray(truth)
    if not np.issubdtype(map_.dtype, np.floating):
        raise UsageError(
            f"{where}: probability has dtype {map_.dtype}, expected a floating type; "
            "divide an 8-bit picture by 255 first"
        )
    _check_bool(mask, name="truth", where=where)
    _check_shapes(map_, mask, names=("probability", "truth"), where=where)
    low, high = float(map_.min()), float(map_.max())
    if not (low >= 0 and high <= 1):
        raise ImageError(
            f"{where}: probability runs from {low:g} to {high:g}, expected finite values from 0 to 1; "
            "apply the sigmoid, or scale the image, first"
        )
    return map_, mask


def check_spacing(spacing_mm: Sequence[float], *, ndim: int, where: str) -> tuple[float, ...]:
    """The voxel size as floats, one positive number of mm an axis; raise UsageError if it is not."""
    sizes = tuple(float(size) for size in spacing_mm)
    if len(sizes) != ndim:
        raise UsageError(
            f"{where}: spacing_mm has {len(sizes)} values, expected {ndim}, one an axis of the masks; "
            "pass the voxel size from the image's header, or None if it is unknown"
        )
    if not all(np.isfinite(size) and size > 0 for size in sizes):
        raise UsageError(
            f"{where}: spacing_mm is {sizes}, expected finite numbers above 0; "
            "correct the voxel size, or pass None if it is unknown"
        )
    return sizes


def check_share(value: float, *, name: str, where: str) -> float:
    """The value itself if it lies from 0 to 1; raise UsageError if not."""
    if not 0 <= value <= 1:
        raise UsageError(
            f"{where}: {name} is {value!r}, expected a number from 0 to 1; correct that argument"
        )
    return float(value)


def _check_bool(mask: npt.NDArray[Any], *, name: str, where: str) -> None:
    if mask.dtype != np.bool_:
        raise UsageError(
            f"{where}: {name} has dtype {mask.dtype}, expected bool; "
            f"compare it first, as in {name} > 0 for labels or {name} >= threshold for probabilities"
        )


def _check_shapes(
    first: npt.NDArray[Any], second: npt.NDArray[Any], *, names: tuple[str, str], where: str
) -> None:
    if first.shape != second.shape:
        raise ImageError(
            f"{where}: {names[0]} has shape {first.shape} but {names[1]} has {second.shape}, "
            "expected the same; resample one onto the other's grid"
        )
    if first.ndim not in DIMENSIONS or first.size == 0:
        raise ImageError(
            f"{where}: the images have shape {first.shape}, expected 2 or 3 axes, none of length 0; "
            "drop batch and channel axes and score one image at a time"
        )
