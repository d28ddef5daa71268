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
from PIL import Image, ImageFilter

from monai_mri.images.picture import check_same_grid
from monai_mri.images.read import read_image, read_mask

__all__ = ["PANELS", "Overlay", "OverlaySource", "draw_overlays", "to_data_uri"]

BoolImage = npt.NDArray[np.bool_]
FloatImage = npt.NDArray[np.float32]
RGB = npt.NDArray[np.float32]
V = TypeVar("V", bound=np.generic)

# Okabe and Ito's palette: told apart with any colour vision.
FOUND, FALSE, MISSED, TRUTH = (0, 158, 115), (213, 94, 0), (86, 180, 233), (240, 228, 66)
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
    """All that was read of one sample, shape (R, C, S) as shown, and the size of a voxel along R and C."""

    image: FloatImage
    truth: BoolImage
    prediction: BoolImage
    probability: FloatImage | None
    spacing: tuple[float, float]


@dataclass(frozen=True, eq=False)
class _Planes(_Volumes):
    """One slice of it, shape (R, C), the image between 0 (black) and 1 (white)."""


def draw_overlays(source: OverlaySource, *, height: int = 400, at_most: int = 2) -> list[Overlay]:
    """Draw the slice with the largest plaque area and the one where most voxels are wrong.

    Volumes are shown axially as radiologists do, the patient's left on the right; pictures as they are.

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
    )


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
    )


def _draw_panels(planes: _Planes, *, height: int) -> dict[str, Image.Image]:
    row_mm, column_mm = (size * step for size, step in zip(planes.image.shape, planes.spacing, strict=True))
    size = (max(round(height * column_mm / row_mm), 1), height)
    grey = np.repeat(_resize(planes.image, size, Image.Resampling.BICUBIC)[:, :, None], 3, axis=2).clip(0, 1)
    truth, prediction = _resize_mask(planes.truth, size), _resize_mask(planes.prediction, size)
    panels = {
        "input": grey,
        "truth": _paint(grey, _outline(truth), TRUTH, 1.0),
        "prediction": _paint_agreement(grey, truth, prediction),
    }
    if planes.probability is not None:
        panels["probability"] = _paint_heat(
            grey, _resize(planes.probability, size, Image.Resampling.BILINEAR).clip(0, 1)
        )
    return {name: _to_picture(panels[name]) for name in PANELS if name in panels}


def _paint(base: RGB, where: BoolImage, colour: tuple[int, int, int], opacity: float) -> RGB:
    painted = base.copy()
    painted[where] = (1 - opacity) * base[where] + opacity * np.asarray(colour, dtype=np.float32) / 255
    return painted


def _paint_agreement(base: RGB, truth: BoolImage, prediction: BoolImage) -> RGB:
    painted = 0.7 * base  # plaques are bright: darkened, they leave the colours their own
    for where, colour in (
        (truth & prediction, FOUND),
        (prediction & ~truth, FALSE),
        (truth & ~prediction, MISSED),
    ):
        painted = _paint(painted, where, colour, 0.8)
    return painted


def _paint_heat(base: RGB, probability: FloatImage) -> RGB:
    """Probability as warmth on a darkened image: 0 shows the image, 1 hides it."""
    from matplotlib import colormaps

    heat = colormaps["inferno"](0.25 + 0.75 * probability)[:, :, :3].astype(np.float32)
    opacity = np.minimum(probability * 1.25, 0.9)[:, :, None]
    painted: RGB = (1 - opacity) * base * 0.75 + opacity * heat
    return painted


def _outline(mask: BoolImage) -> BoolImage:
    """Border of a mask, two pixels wide, inside it."""
    inner = np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.MinFilter(5))) > 127
    return mask & ~inner


def _resize(image: FloatImage, size: tuple[int, int], how: Image.Resampling) -> FloatImage:
    array = np.ascontiguousarray(image, dtype=np.float32)
    return np.asarray(Image.fromarray(array).resize(size, how), dtype=np.float32)


def _resize_mask(mask: BoolImage, size: tuple[int, int]) -> BoolImage:
    """Voxels keep their corners when enlarged, and are not lost when the picture is made smaller."""
    smaller = mask.shape[0] > size[1]
    resampling = Image.Resampling.BOX if smaller else Image.Resampling.NEAREST
    return _resize(mask.astype(np.float32), size, resampling) > (0.3 if smaller else 0.5)


def _to_picture(panel: RGB) -> Image.Image:
    return Image.fromarray((panel.clip(0, 1) * 255).round().astype(np.uint8), mode="RGB")
