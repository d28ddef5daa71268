"""Pictures of a segmentation: the image, the reference, the network's output and where they differ."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from monai_mri.images.picture import check_same_grid
from monai_mri.images.read import read_colour, read_image, read_mask
from monai_mri.report.painting import (
    FALSE,
    FOUND,
    MISSED,
    TRUTH,
    outline,
    paint,
    paint_agreement,
    paint_heat,
    resize,
    resize_colour,
    resize_mask,
    to_picture,
)

__all__ = [
    "FALSE",
    "FOUND",
    "MISSED",
    "PANELS",
    "TRUTH",
    "Overlay",
    "OverlaySource",
    "draw_overlays",
    "to_data_uri",
]

BoolImage = npt.NDArray[np.bool_]
FloatImage = npt.NDArray[np.float32]
RGB = npt.NDArray[np.float32]
V = TypeVar("V", bound=np.generic)

PANELS: dict[str, str] = {
    "input": "Input",
    "truth": "Reference outline",
    "probability": "Network output",
    "prediction": "Prediction against reference",
}


@dataclass(frozen=True)
class OverlaySource:
    """The files of one evaluated image; `probability` is None where it was not kept.

    Where `plane` is given, image and truth are volumes of which that axial plane was evaluated alone, and
    prediction and probability are pictures of it.
    """

    label: str
    image: Path
    truth: Path
    prediction: Path
    probability: Path | None = None
    plane: int | None = None


@dataclass(frozen=True)
class Overlay:
    """One slice: panel name to picture (mode RGB), with its counts in voxels.

    `f1` is nan where neither the reference nor the prediction holds a voxel.
    """

    label: str
    slice_index: int | None
    slices: int
    f1: float
    found: int
    false: int
    missed: int
    panels: Mapping[str, Image.Image]


@dataclass(frozen=True, eq=False)
class _Volumes:
    """All that was read of one sample, shape (R, C, S) as shown, and the size of a voxel along R and C.

    `colour` (R, C, 3), 0 to 1, is there for 2D pictures in colour; `image` then is their luminance.
    """

    image: FloatImage
    truth: BoolImage
    prediction: BoolImage
    probability: FloatImage | None
    spacing: tuple[float, float]
    colour: RGB | None = None


@dataclass(frozen=True, eq=False)
class _Planes(_Volumes):
    """One slice of it, shape (R, C), the image between 0 (black) and 1 (white)."""


def draw_overlays(source: OverlaySource, *, height: int = 400, at_most: int = 2) -> list[Overlay]:
    """Draw the slice with the largest plaque area and the one where most voxels are wrong.

    Volumes are shown axially as radiologists do, the patient's left on the right; pictures as they are. A
    picture in colour is shown so, and in grey below what is painted on it.

    Raises:
        ImageError: a file cannot be read, or the files differ in shape.
    """
    volumes = _read_all(source)
    black, white = _window(volumes.image)
    pictures = []
    for index in choose_slices(volumes.truth, volumes.prediction, at_most=at_most):
        planes = _Planes(
            image=np.clip((volumes.image[:, :, index] - black) / (white - black), 0, 1),
            truth=volumes.truth[:, :, index],
            prediction=volumes.prediction[:, :, index],
            probability=None if volumes.probability is None else volumes.probability[:, :, index],
            spacing=volumes.spacing,
            colour=volumes.colour,
        )
        count = volumes.truth.shape[2]
        pictures.append(_draw(planes, label=source.label, index=index, count=count, height=height))
    return pictures


def choose_slices(truth: BoolImage, prediction: BoolImage, *, at_most: int) -> list[int]:
    """Last-axis indices of arrays (R, C, S): the largest plaque area first, then the most voxels wrong.

    Neighbours of a chosen slice look alike and are passed over, within a tenth of the volume on each side.

    >>> truth, prediction = np.zeros((2, 4, 4, 5), dtype=bool)
    >>> truth[1:3, 1:3, 3] = prediction[0, 0, 1] = True
    >>> choose_slices(truth, prediction, at_most=2)
    [3, 1]
    """
    area = truth.sum(axis=(0, 1))
    if not area.any():
        area = prediction.sum(axis=(0, 1))
    count = truth.shape[2]
    chosen = [int(area.argmax()) if area.any() else count // 2]
    wrong = (truth ^ prediction).sum(axis=(0, 1))
    for index in np.argsort(-wrong, kind="stable"):
        if len(chosen) < at_most and wrong[index] and min(abs(index - c) for c in chosen) > count // 10:
            chosen.append(int(index))
    return chosen


def to_data_uri(picture: Image.Image, *, quality: int = 86) -> str:
    """The picture as a JPEG that stands in the page itself."""
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=quality, subsampling=0, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _read_all(source: OverlaySource) -> _Volumes:
    if source.plane is not None:
        return _read_plane(source, source.plane)
    image = read_image(source.image)
    probability = None
    if source.probability is not None:
        read = read_image(source.probability)
        check_same_grid(image, read)
        probability = _to_display(read.array / np.float32(255 if read.kind == "picture" else 1))
    spacing_mm = image.spacing_mm or (1.0, 1.0)
    return _Volumes(
        image=_to_display(image.array),
        truth=_to_display(read_mask(source.truth, like=image)),
        prediction=_to_display(read_mask(source.prediction, like=image)),
        probability=probability,
        spacing=(spacing_mm[1], spacing_mm[0]),
        colour=_read_colour(source.image) if image.kind == "picture" else None,
    )


def _read_colour(path: Path) -> RGB | None:
    """The colours of a picture, (R, C, 3) from 0 to 1; None of one in grey."""
    bands = read_colour(path)
    if bands[0] is bands[-1]:
        return None
    return np.stack([band.array for band in bands], axis=2) / np.float32(255)


def _read_plane(source: OverlaySource, plane: int) -> _Volumes:
    volume = read_image(source.image)
    truth = read_mask(source.truth, like=volume)
    drawn = {name: read_image(path).array[..., None] for name, path in _drawn(source).items()}
    spacing_mm = volume.spacing_mm or (1.0, 1.0)
    return _Volumes(
        image=_to_display(volume.array[..., plane : plane + 1]),
        truth=_to_display(truth[..., plane : plane + 1]),
        prediction=_to_display(drawn["prediction"] > 0),
        probability=_to_display(drawn["probability"] / np.float32(255)) if "probability" in drawn else None,
        spacing=(spacing_mm[1], spacing_mm[0]),
    )


def _drawn(source: OverlaySource) -> dict[str, Path]:
    paths = {"prediction": source.prediction, "probability": source.probability}
    return {name: path for name, path in paths.items() if path is not None}


def _to_display(array: npt.NDArray[V]) -> npt.NDArray[V]:
    """Rows downwards, columns rightwards, slices last.

    A volume comes with axes right, anterior, superior; anterior is shown above, the right side on the left.
    """
    return array[:, :, None] if array.ndim == 2 else array.transpose(1, 0, 2)[::-1, ::-1]


def _window(image: FloatImage) -> tuple[float, float]:
    """Black and white point: the brightest five in a thousand saturate, the background stays black."""
    inside = image[image > image.min()]
    if not inside.size:
        return 0.0, 1.0
    low, high = np.percentile(inside, (1, 99.5))
    return (float(low), float(high)) if high > low else (float(low), float(low) + 1)


def _draw(planes: _Planes, *, label: str, index: int, count: int, height: int) -> Overlay:
    truth, prediction = planes.truth, planes.prediction
    counts = {
        "found": int((truth & prediction).sum()),
        "false": int((prediction & ~truth).sum()),
        "missed": int((truth & ~prediction).sum()),
    }
    marked = 2 * counts["found"] + counts["false"] + counts["missed"]
    return Overlay(
        label=label,
        slice_index=index if count > 1 else None,
        slices=count,
        f1=2 * counts["found"] / marked if marked else nan,
        panels=_draw_panels(_crop(planes), height=height),
        **counts,
    )


def _crop(planes: _Planes) -> _Planes:
    """Cut to the head with a margin, keeping everything that is marked."""
    kept = (planes.image > 0.12) | planes.truth | planes.prediction
    box = []
    for axis in (1, 0):
        places = np.flatnonzero(kept.mean(axis=axis) > 0.02) if kept.any() else np.array([])
        size = kept.shape[1 - axis]
        margin = round(0.03 * size)
        marked = np.flatnonzero((planes.truth | planes.prediction).any(axis=axis))
        places = np.concatenate([places, marked])
        start, stop = (int(places.min()), int(places.max()) + 1) if places.size else (0, size)
        box.append(slice(max(start - margin, 0), min(stop + margin, size)))
    rows, columns = box
    return _Planes(
        image=planes.image[rows, columns],
        truth=planes.truth[rows, columns],
        prediction=planes.prediction[rows, columns],
        probability=None if planes.probability is None else planes.probability[rows, columns],
        spacing=planes.spacing,
        colour=None if planes.colour is None else planes.colour[rows, columns],
    )


def _draw_panels(planes: _Planes, *, height: int) -> dict[str, Image.Image]:
    row_mm, column_mm = (size * step for size, step in zip(planes.image.shape, planes.spacing, strict=True))
    size = (max(round(height * column_mm / row_mm), 1), height)
    grey = np.repeat(resize(planes.image, size, Image.Resampling.BICUBIC)[:, :, None], 3, axis=2).clip(0, 1)
    truth, prediction = resize_mask(planes.truth, size), resize_mask(planes.prediction, size)
    panels = {
        "input": grey if planes.colour is None else resize_colour(planes.colour, size),
        "truth": paint(grey, outline(truth), TRUTH, 1.0),
        "prediction": paint_agreement(grey, truth, prediction),
    }
    if planes.probability is not None:
        panels["probability"] = paint_heat(
            grey, resize(planes.probability, size, Image.Resampling.BILINEAR).clip(0, 1)
        )
    return {name: to_picture(panels[name]) for name in PANELS if name in panels}
