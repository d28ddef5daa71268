"""Pictures of the two-stage pipeline: what it missed, falsely found and marked, and what it is unsure of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from monai_mri.engines.key_metric import as_array
from monai_mri.explain.colours import grey_levels
from monai_mri.files import replace_file

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

Mask = npt.NDArray[np.bool_]
RGB = npt.NDArray[np.uint8]

SIDE, GAP, MARGIN, CAPTION, HEADING = 220, 8, 24, 24, 30
INK, SOFT, PAPER = (29, 29, 31), (110, 110, 115), (255, 255, 255)
# Okabe and Ito's palette: told apart with any colour vision.
FOUND, FALSE, MISSED, TRUTH = (0, 158, 115), (213, 94, 0), (86, 180, 233), (240, 228, 66)
OPACITY = 0.7
KEY = {"found": FOUND, "false": FALSE, "missed": MISSED}


@dataclass(frozen=True, eq=False)
class Shown:
    """One slice to draw: RGB (R, C, 3) and masks (R, C) as they are seen, and a short line.

    `truth` is None where it is unknown.
    """

    caption: str
    image: RGB
    truth: Mask | None
    marked: Mapping[str, Mask]


def as_shown(
    image: Tensor,
    *,
    caption: str,
    volume: bool,
    truth: Tensor | None = None,
    marked: Mapping[str, Mask] | None = None,
) -> Shown:
    """A slice as one looks at it: axial planes as radiologists do, the patient's left on the right.

    Args:
        image: (C, H, W); three channels are red, green and blue, else the first is grey.
        caption: line under it.
        volume: whether it is a plane of a volume, its axes pointing right and anterior.
        truth: mask (1, H, W).
        marked: masks (H, W) by name.
    """
    channels = as_array(image)
    if len(channels) != 3:
        channels = channels[:1]
    grey = np.moveaxis(grey_levels(channels), 0, -1)
    colour = np.rint(255 * np.broadcast_to(grey, (*grey.shape[:2], 3))).astype(np.uint8)
    mask = None if truth is None else as_array(truth)[0] > 0
    return Shown(
        caption=caption,
        image=_turned(colour, volume=volume),
        truth=None if mask is None else _turned(mask, volume=volume),
        marked={name: _turned(one, volume=volume) for name, one in (marked or {}).items()},
    )


def draw_gallery(
    missed: Sequence[Shown], false: Sequence[Shown], out_png: Path, *, of: tuple[int, int] | None = None
) -> Path:
    """The tumour paper's Figure 4: false negatives in the top row, false positives in the bottom row.

    A known tumour is outlined. `of` says how many there are of each, where not all are shown.
    """
    known = of or (len(missed), len(false))
    rows = {
        f"Missed: a tumour that the classifiers do not see ({_count(missed, known[0])})": missed,
        f"Falsely found: no tumour, and the classifiers see one ({_count(false, known[1])})": false,
    }
    width = max(1, *map(len, rows.values()))
    sheet, draw, font = _sheet(columns=width, rows=sum(map(bool, rows.values())), headings=2)
    top = MARGIN
    for heading, row in rows.items():
        draw.text((MARGIN, top), heading, fill=INK, font=font(16))
        top += HEADING
        for column, shown in enumerate(row):
            _paste(sheet, _outlined(shown), column, top)
            _write(draw, shown.caption, column, top + SIDE, font(12))
        top += SIDE + CAPTION + GAP if row else 0
    return _saved(sheet, out_png)


def _count(shown: Sequence[Shown], known: int) -> str:
    return f"{len(shown)} of {known}" if len(shown) < known else str(known or "none")


def draw_figure(rows: Sequence[Shown], out_png: Path) -> Path:
    """The tumour paper's Figure 6: a row a slice; the input, the true mask, and what each segmenter marks.

    Where the truth is known the marks are green where they are right and orange where they are false, and
    blue is missed; else they are green.
    """
    names = list(rows[0].marked)
    with_truth = any(shown.truth is not None for shown in rows)
    headings = ["Input", *(["Truth"] if with_truth else []), *names]
    sheet, draw, font = _sheet(columns=len(headings), rows=len(rows), headings=1, key=with_truth)
    for column, heading in enumerate(headings):
        _write(draw, heading, column, MARGIN, font(16), colour=INK)
    for number, shown in enumerate(rows):
        top = MARGIN + HEADING + number * (SIDE + CAPTION + GAP)
        panels = [_fitted(shown.image)]
        if with_truth:
            panels.append(_white(shown.truth))
        panels += [_compared(mask, shown) for mask in shown.marked.values()]
        for column, panel in enumerate(panels):
            _paste(sheet, panel, column, top)
        draw.text((MARGIN, top + SIDE + 4), shown.caption, fill=SOFT, font=font(13))
    if with_truth:
        _draw_key(draw, sheet.height - MARGIN - 14, font(14))
    return _saved(sheet, out_png)


def draw_unsure(shown: Sequence[Shown], out_png: Path, *, columns: int = 6) -> Path:
    """Slices on which the classifiers do not agree, the least sure first; a known tumour is outlined."""
    count = min(columns, len(shown))
    sheet, draw, font = _sheet(columns=count, rows=-(-len(shown) // count), headings=1)
    draw.text((MARGIN, MARGIN), "The classifiers do not agree: look here first", fill=INK, font=font(16))
    for number, one in enumerate(shown):
        top = MARGIN + HEADING + number // count * (SIDE + CAPTION + GAP)
        _paste(sheet, _outlined(one), number % count, top)
        _write(draw, one.caption, number % count, top + SIDE, font(12))
    return _saved(sheet, out_png)


def _turned(values: npt.NDArray[Any], *, volume: bool) -> npt.NDArray[Any]:
    return np.ascontiguousarray(values[::-1, ::-1].swapaxes(0, 1)) if volume else values


def _fitted(image: RGB, *, smooth: bool = True) -> RGB:
    """A picture in the middle of a black square of `SIDE` pixels."""
    from PIL import Image

    rows, columns = image.shape[:2]
    zoom = SIDE / max(rows, columns)
    size = (max(1, round(columns * zoom)), max(1, round(rows * zoom)))
    way = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    square = Image.new("RGB", (SIDE, SIDE))
    resized = Image.fromarray(image).resize(size, way)
    square.paste(resized, ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return np.asarray(square).copy()


def _fitted_mask(mask: Mask) -> Mask:
    levels = np.repeat(mask.astype(np.uint8)[..., None] * 255, 3, axis=2)
    found: Mask = _fitted(levels, smooth=False)[..., 0] > 0
    return found


def _outlined(shown: Shown) -> RGB:
    """The image with the border of the true mask on it."""
    panel = _fitted(shown.image)
    if shown.truth is not None:
        mask = _fitted_mask(shown.truth)
        inner = mask.copy()
        for axis in (0, 1):
            inner &= np.roll(mask, 1, axis) & np.roll(mask, -1, axis)
        panel[mask & ~inner] = TRUTH
    return panel


def _white(truth: Mask | None) -> RGB:
    mask = np.zeros((SIDE, SIDE), np.bool_) if truth is None else _fitted_mask(truth)
    return np.repeat(mask[..., None], 3, axis=2).astype(np.uint8) * np.uint8(255)


def _compared(mask: Mask, shown: Shown) -> RGB:
    """A mask in colours over the image."""
    panel = _fitted(shown.image).astype(np.float64)
    marked = _fitted_mask(mask)
    truth = marked if shown.truth is None else _fitted_mask(shown.truth)
    for where, colour in ((marked & truth, FOUND), (marked & ~truth, FALSE), (truth & ~marked, MISSED)):
        panel[where] = (1 - OPACITY) * panel[where] + OPACITY * np.array(colour)
    coloured: RGB = np.rint(panel).astype(np.uint8)
    return coloured


def _sheet(*, columns: int, rows: int, headings: int, key: bool = False) -> tuple[Any, Any, Any]:
    """An empty sheet, what draws on it, and its fonts by size."""
    from PIL import Image, ImageDraw, ImageFont

    width = max(2 * MARGIN + columns * (SIDE + GAP) - GAP, 420)
    height = 2 * MARGIN + headings * HEADING + rows * (SIDE + CAPTION + GAP) + (CAPTION if key else 0)
    sheet = Image.new("RGB", (width, height), PAPER)
    return sheet, ImageDraw.Draw(sheet), lambda size: ImageFont.load_default(size=size)


def _paste(sheet: Image.Image, panel: RGB, column: int, top: int) -> None:
    from PIL import Image

    sheet.paste(Image.fromarray(panel), (MARGIN + column * (SIDE + GAP), top))


def _write(
    draw: ImageDraw.ImageDraw,
    text: str,
    column: int,
    top: int,
    font: Font,
    *,
    colour: tuple[int, int, int] = SOFT,
) -> None:
    """A line under or over a panel, cut in its middle where it is too long."""
    shown, rest = text, len(text)
    while draw.textlength(shown, font=font) > SIDE and rest > 4:
        rest -= 1
        shown = f"{text[: (rest + 1) // 2]}…{text[len(text) - rest // 2 :]}"
    draw.text((MARGIN + column * (SIDE + GAP), top + 4), shown, fill=colour, font=font)


def _draw_key(draw: ImageDraw.ImageDraw, top: int, font: Font) -> None:
    left = MARGIN
    for text, colour in KEY.items():
        draw.rectangle((left, top + 2, left + 11, top + 13), fill=colour)
        draw.text((left + 17, top), text, fill=SOFT, font=font)
        left += 17 + round(draw.textlength(text, font=font)) + 22


def _saved(sheet: Image.Image, out_png: Path) -> Path:
    return replace_file(out_png, lambda path: sheet.save(path, format="PNG", optimize=True))
