"""Pictures of maps, small enough for one page: of each method the group's, and those of the first images."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from monai_mri.report.classes.maps import GROUP, Maps
from monai_mri.report.overlays import to_data_uri

__all__ = ["MapPicture", "draw_maps"]

SHOWN_PEOPLE = 2
PICTURES_BYTES = 2_600_000  # of all pictures together, as they stand in the page
MOST_PIXELS = 120_000_000  # of one file
SIZES = ((1200, 80), (900, 76), (640, 72), (440, 66))  # width in pixels, JPEG quality: the first that fits


@dataclass(frozen=True)
class MapPicture:
    """One picture: its file's name, what it is of, and itself as a data URI, or what went wrong."""

    file: str
    name: str
    kind: str
    uri: str = ""
    size: tuple[int, int] = (0, 0)
    problem: str = ""


@dataclass(frozen=True)
class _Source:
    path: Path
    name: str
    kind: str
    image: Image.Image | None = field(default=None, compare=False)
    problem: str = ""


def draw_maps(maps: Maps) -> dict[str, list[MapPicture]]:
    """Pictures by method. What does not fit even at the smallest size is named as left out."""
    sources = {method: [_open(one) for one in _sources(maps.folder / method)] for method in maps.drawn}
    drawn: dict[str, list[MapPicture]] = {}
    for width, quality in SIZES:
        drawn = {
            method: [_drawn(one, width=width, quality=quality) for one in several]
            for method, several in sources.items()
        }
        if sum(len(one.uri) for several in drawn.values() for one in several) <= PICTURES_BYTES:
            return drawn
    return _within_budget(drawn)


def _sources(folder: Path) -> list[_Source]:
    """The group's picture, then overlay and sheet of the first images."""
    found = [_Source(folder / GROUP, "groups", "group")] if (folder / GROUP).is_file() else []
    names = {
        path.name.removesuffix(f"_{kind}.png"): None
        for kind in ("sagittal", "mni")
        for path in sorted(folder.glob(f"*_{kind}.png"))
        if path.name != GROUP
    }
    for name in sorted(names)[:SHOWN_PEOPLE]:
        paths = ((folder / f"{name}_{kind}.png", kind) for kind in ("mni", "sagittal"))
        found += [_Source(path, name, kind) for path, kind in paths if path.is_file()]
    return found


def _open(source: _Source) -> _Source:
    """The picture itself, at the largest size shown, or what is wrong with it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit is MOST_PIXELS
            with Image.open(source.path) as image:
                if image.width * image.height > MOST_PIXELS:
                    return _wrong(source, f"{image.width} x {image.height} pixels are too many to show")
                image.load()
                return _Source(source.path, source.name, source.kind, _smaller(image, SIZES[0][0]))
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError) as error:
        return _wrong(source, str(error).replace(str(source.path), source.path.name) or type(error).__name__)


def _wrong(source: _Source, problem: str) -> _Source:
    return _Source(source.path, source.name, source.kind, problem=problem)


def _smaller(image: Image.Image, width: int) -> Image.Image:
    rgb = image.convert("RGB")
    scale = min(width / rgb.width, 2 * width / rgb.height, 1)
    size = max(round(rgb.width * scale), 1), max(round(rgb.height * scale), 1)
    return rgb if size == rgb.size else rgb.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)


def _drawn(source: _Source, *, width: int, quality: int) -> MapPicture:
    if source.image is None:
        return MapPicture(source.path.name, source.name, source.kind, problem=source.problem)
    image = _smaller(source.image, width)
    uri = to_data_uri(image, quality=quality)
    return MapPicture(source.path.name, source.name, source.kind, uri, image.size)


def _within_budget(drawn: dict[str, list[MapPicture]]) -> dict[str, list[MapPicture]]:
    left = PICTURES_BYTES
    kept: dict[str, list[MapPicture]] = {}
    for method, several in drawn.items():
        kept[method] = []
        for one in several:
            left -= len(one.uri)
            fits = left >= 0 or not one.uri
            kept[method].append(
                one
                if fits
                else MapPicture(one.file, one.name, one.kind, problem="left out, the page would be too large")
            )
            left += 0 if fits else len(one.uri)
    return kept
