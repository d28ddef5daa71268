"""A contact sheet of pairs, for a person to judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from monai_mri.images.read import read_image

if TYPE_CHECKING:
    from PIL.Image import Image

COLUMNS = 3
SIDE = 208
GAP = 6
MARGIN = 14
LINE = 15
FONT_SIZE = 12
CHARACTERS = 32
INK, DIM, PAPER = (20, 20, 20), (105, 105, 105), (255, 255, 255)
DARKEST_PERCENT, BRIGHTEST_PERCENT = 0.5, 99.5


@dataclass(frozen=True)
class SheetPair:
    """Two images and what is said of them: their files, subjects, the kind of copy, similarity, transform."""

    first: Path
    second: Path
    subjects: tuple[str, str]
    kind: str
    similarity: float
    transform: str = ""


def pairs_sheet(pairs: Sequence[SheetPair], out: Path, *, most: int = 24) -> Path:
    """Draw the first `most` pairs side by side into one PNG and return its path.

    Pictures are shown as they are, volumes by their middle axial slice, front up, the subject's left on the
    right; grey values from their 0.5th to their 99.5th percentile. Under each image stand subject and the end
    of its path, over each pair its kind and similarity. Names are shown in full on the sheet: keep it as
    private as the images.

    Raises:
        ImageError: an image cannot be read.
        ValueError: there are no pairs.
    """
    from PIL import Image, ImageDraw, ImageFont

    if not pairs:
        raise ValueError("no pairs to draw, expected at least one; skip the sheet when nothing was found")
    shown = pairs[:most]
    columns = min(COLUMNS, len(shown))
    width, height = 2 * SIDE + GAP, SIDE + 4 * LINE
    rows = -(-len(shown) // columns)
    size = (MARGIN + columns * (width + MARGIN), MARGIN + 2 * LINE + rows * (height + MARGIN))
    sheet = Image.new("RGB", size, PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT_SIZE)
    left_out = f" (the first {len(shown)})" if len(shown) < len(pairs) else ""
    pen.text((MARGIN, MARGIN), f"{len(pairs)} pairs of images{left_out}", INK, font)
    for number, pair in enumerate(shown):
        x = MARGIN + (number % columns) * (width + MARGIN)
        y = MARGIN + 2 * LINE + (number // columns) * (height + MARGIN)
        pen.text((x, y), _headline(number + 1, pair), INK, font)
        for place, (path, subject) in enumerate(zip((pair.first, pair.second), pair.subjects, strict=True)):
            corner = (x + place * (SIDE + GAP), y + LINE + 3)
            sheet.paste(_tile(path), corner)
            pen.text((corner[0], corner[1] + SIDE + 2), _end(subject), INK, font)
            pen.text((corner[0], corner[1] + SIDE + 2 + LINE), _end(path.as_posix()), DIM, font)
    sheet.save(out, format="PNG")
    return out


def _headline(number: int, pair: SheetPair) -> str:
    words = f"{number}. {pair.kind}"
    if pair.kind == "near":
        words += f", similarity {pair.similarity:.2f}"
    return words + (f", {pair.transform}" if pair.transform else "")


def _end(text: str) -> str:
    return text if len(text) <= CHARACTERS else "…" + text[1 - CHARACTERS :]


def _tile(path: Path) -> Image:
    from PIL import Image

    picture = read_image(path)
    plane, pixel_mm = picture.array, (1.0, 1.0)
    if plane.ndim == 3:
        # The middle axial slice of a RAS volume, as radiologists hang it.
        plane = plane[::-1, ::-1, plane.shape[2] // 2].T
        if picture.spacing_mm is not None:
            pixel_mm = (picture.spacing_mm[1], picture.spacing_mm[0])
    grey = Image.fromarray(_levels(plane))
    extent = (grey.width * pixel_mm[1], grey.height * pixel_mm[0])
    zoom = SIDE / max(extent)
    grey = grey.resize((max(1, round(extent[0] * zoom)), max(1, round(extent[1] * zoom))))
    tile = Image.new("RGB", (SIDE, SIDE), (0, 0, 0))
    tile.paste(grey, ((SIDE - grey.width) // 2, (SIDE - grey.height) // 2))
    return tile


def _levels(plane: NDArray[np.float32]) -> NDArray[np.uint8]:
    low, high = np.percentile(plane, (DARKEST_PERCENT, BRIGHTEST_PERCENT))
    if high <= low:
        low, high = float(plane.min()), float(plane.max())
    if high <= low:
        return np.zeros(plane.shape, dtype=np.uint8)
    return np.asarray(np.clip((plane - low) * (255 / (high - low)), 0, 255), dtype=np.uint8)
