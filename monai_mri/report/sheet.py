"""A contact sheet of overlays as one PNG, for documentation and slides."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from monai_mri.errors import UsageError
from monai_mri.report.overlays import FALSE, FOUND, MISSED, PANELS, Overlay, OverlaySource, draw_overlays

__all__ = ["write_sheet"]

INK, SOFT, PAPER = (29, 29, 31), (110, 110, 115), (255, 255, 255)
GAP, MARGIN, CAPTION, HEADING = 8, 28, 30, 34


def write_sheet(
    samples: Sequence[OverlaySource],
    out_png: Path,
    *,
    columns: Sequence[str] = ("input", "truth", "probability", "prediction"),
    slices: int = 1,
    height: int = 300,
) -> Path:
    """Write one PNG with a row a slice, `slices` of each sample, and a column a panel.

    Args:
        samples: files of the evaluated images, drawn in this order.
        out_png: where to write; its folder is made.
        columns: panels from left to right, names of `monai_mri.report.overlays.PANELS`.
        slices: at most so many slices of each sample, the one with the largest plaque area first.
        height: of each panel, in pixels.

    Raises:
        UsageError: no sample, or a column that is no panel.
        ImageError: a file cannot be read, or the files of a sample differ in shape.
    """
    unknown = [name for name in columns if name not in PANELS]
    if unknown or not columns or not samples:
        found = (
            f"columns {', '.join(unknown)}" if unknown else f"{len(samples)} samples, {len(columns)} columns"
        )
        raise UsageError(
            f"write_sheet: got {found}, expected at least one sample and columns of {', '.join(PANELS)}; "
            "correct the arguments"
        )
    rows = [overlay for sample in samples for overlay in draw_overlays(sample, height=height, at_most=slices)]
    out_png.parent.mkdir(parents=True, exist_ok=True)
    _compose(rows, columns).save(out_png, format="PNG", optimize=True)
    return out_png


def caption(overlay: Overlay) -> str:
    """Which slice of which sample, and how well it went there.

    >>> counts = {"found": 1, "false": 1, "missed": 1}
    >>> caption(Overlay(label="sub-01", slice_index=4, slices=9, f1=0.5, panels={}, **counts))
    'sub-01 · slice 5 of 9 · F 0.50'
    """
    place = [] if overlay.slice_index is None else [f"slice {overlay.slice_index + 1} of {overlay.slices}"]
    score = f"F {overlay.f1:.2f}" if isfinite(overlay.f1) else "F undefined"
    return " · ".join([overlay.label, *place, score])


def _compose(rows: Sequence[Overlay], columns: Sequence[str]) -> Image.Image:
    widths = [max(row.panels[name].width if name in row.panels else 0 for row in rows) for name in columns]
    row_height = rows[0].panels["input"].height + CAPTION
    width = 2 * MARGIN + sum(widths) + GAP * (len(columns) - 1)
    sheet = Image.new("RGB", (width, 2 * MARGIN + HEADING + row_height * len(rows) + CAPTION), PAPER)
    draw = ImageDraw.Draw(sheet)
    heading, small = ImageFont.load_default(size=16), ImageFont.load_default(size=14)
    lefts = [MARGIN + sum(widths[:n]) + GAP * n for n in range(len(columns))]
    for left, name in zip(lefts, columns, strict=True):
        draw.text((left, MARGIN), PANELS[name], fill=INK, font=heading)
    for number, row in enumerate(rows):
        top = MARGIN + HEADING + number * row_height
        for left, name in zip(lefts, columns, strict=True):
            if name in row.panels:
                sheet.paste(row.panels[name], (left, top))
        draw.text((MARGIN, top + row_height - CAPTION + 4), caption(row), fill=SOFT, font=small)
    _draw_key(draw, (MARGIN, sheet.height - MARGIN - 14), small)
    return sheet


def _draw_key(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> None:
    left, top = at
    for colour, text in ((FOUND, "found"), (FALSE, "false"), (MISSED, "missed")):
        draw.rectangle((left, top + 2, left + 11, top + 13), fill=colour)
        draw.text((left + 17, top), text, fill=SOFT, font=font)
        left += 17 + round(draw.textlength(text, font=font)) + 22
