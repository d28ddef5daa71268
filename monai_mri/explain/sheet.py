"""The migraine paper's picture: sagittal slices of a map in a sheet."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from monai_mri.errors import ImageError, UsageError
from monai_mri.explain.colours import blended, grey_levels, strength
from monai_mri.explain.top import Array, as_map
from monai_mri.files import replace_file

if TYPE_CHECKING:
    from PIL import Image

COLUMNS, GAP, MARGIN, KEY = 10, 4, 24, 56
SLICE_PIXELS = 300  # the paper's 60 x 72 cells, five times enlarged
INK, SOFT, PAPER = (29, 29, 31), (200, 200, 205), (255, 255, 255)


def sagittal_sheet(
    values: Array, volume: Array, out_png: str | Path, *, slices: int = 60, title: str = ""
) -> Path:
    """Draw a map over its volume, slice by sagittal slice, as one PNG.

    As the paper shows it (60 slices along x, enlarged, red = high contribution), with the anatomy under it.
    Slices run from the subject's left to right, evenly through the volume; anterior is on the right, superior
    on top. The enlargement is a whole number that makes a slice about as large as the paper's.
    The colours go from 0 to the map's maximum over the whole volume; a map with values of both signs is blue
    below 0 and red above, both by its largest magnitude.

    Args:
        values: the map, (I, J, K) in RAS order.
        volume: what it explains, of the same shape and axes.
        out_png: where to write; folders are made.
        slices: how many; at most all there are.
        title: a line above the slices, such as method and class.

    Raises:
        UsageError: no slices asked for, or the map is not 3D.
        ImageError: the shapes differ, or the map is not finite.
    """
    values, _ = as_map(values, None)
    volume = np.asarray(volume)
    if volume.shape != values.shape:
        raise ImageError(
            f"sagittal_sheet: a map of shape {values.shape} over a volume of {volume.shape}, expected the "
            "same; give the volume that the map was made from"
        )
    if slices < 1:
        raise UsageError(f"sagittal_sheet: {slices} slices, expected at least 1; correct the number")
    places = slice_places(values.shape[0], slices)
    signed = bool((values < 0).any())
    tiles = blended(grey_levels(volume)[places], strength(values)[places], signed=signed)
    sheet = _composed(tiles, places, title)
    _draw_key(sheet, float(np.abs(values).max()), signed=signed)
    return replace_file(Path(out_png), lambda path: sheet.save(path, format="PNG", optimize=True))


def slice_places(length: int, slices: int) -> list[int]:
    """Indices of slices, evenly through an axis.

    >>> slice_places(9, 3), slice_places(2, 60)
    ([1, 4, 7], [0, 1])
    """
    count = min(slices, length)
    return [int((n + 0.5) * length / count) for n in range(count)]


def _composed(tiles: Array, places: list[int], title: str) -> Image.Image:
    from PIL import Image, ImageDraw, ImageFont

    _, depth, height, _ = tiles.shape
    zoom = max(1, round(SLICE_PIXELS / max(depth, height)))
    size = (depth * zoom, height * zoom)
    columns = min(COLUMNS, len(places))
    rows = math.ceil(len(places) / columns)
    top = MARGIN + (30 if title else 0)
    width = max(2 * MARGIN + columns * (size[0] + GAP) - GAP, 420)
    sheet = Image.new("RGB", (width, top + rows * (size[1] + GAP) + KEY), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=15)
    draw.text((MARGIN, MARGIN - 8), title, fill=INK, font=ImageFont.load_default(size=20))
    for number, place in enumerate(places):
        picture = Image.fromarray(np.ascontiguousarray(tiles[number].transpose(1, 0, 2)[::-1]))
        left = MARGIN + number % columns * (size[0] + GAP)
        upper = top + number // columns * (size[1] + GAP)
        sheet.paste(picture.resize(size, Image.Resampling.NEAREST), (left, upper))
        draw.text((left + 5, upper + 3), str(place), fill=SOFT, font=font)
    return sheet


def _draw_key(sheet: Image.Image, highest: float, *, signed: bool) -> None:
    from PIL import Image, ImageDraw, ImageFont

    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=15)
    upper = sheet.height - KEY + 16
    ramp = np.tile(np.linspace(-1 if signed else 0, 1, 220), (14, 1))
    sheet.paste(Image.fromarray(blended(np.full(ramp.shape, 0.35), ramp, signed=signed)), (MARGIN, upper))
    text = f"{-highest if signed else 0:.3g} to {highest:.3g}" if highest > 0 else "0 everywhere"
    draw.text((MARGIN + 232, upper - 3), f"{text} · left to right", fill=INK, font=font)
