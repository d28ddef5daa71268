"""Cut a 2D slice into the tiles that the plaque network learns from (BIOSTEC 2017, Section 4.1).

All tiles that hold plaque are taken, shifted so that a cut plaque lies whole inside, and about one third of
the total are tiles without plaque, drawn with a preference for bright, high-contrast areas. To balance over a
whole data set rather than slice by slice, gather `positive_tiles` and `candidate_negatives` of every slice
and call `draw_negatives` once with `negative_count` of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from monai_mri.errors import ImageError, UsageError
from monai_mri.images.picture import BoolArray, Float64Array

T = TypeVar("T")
Array = npt.NDArray[Any]
Candidates = tuple[Sequence[T], Float64Array]
"""Things that may be drawn, and how strongly each is preferred (N,), above 0, on any scale."""

FOREGROUND_SHARE = 0.01


@dataclass(frozen=True, order=True)
class Tile:
    """A square of ``size`` x ``size`` pixels whose first pixel is (``row``, ``column``)."""

    row: int
    column: int
    size: int

    @property
    def area(self) -> tuple[slice, slice]:
        """The tile as an index into the last two axes."""
        return slice(self.row, self.row + self.size), slice(self.column, self.column + self.size)


class _Box(NamedTuple):
    """First and one-past-last row and column."""

    top: int
    bottom: int
    left: int
    right: int

    def fits(self, size: int) -> bool:
        return self.bottom - self.top <= size and self.right - self.left <= size

    def inside(self, tile: Tile) -> bool:
        starts = self.top >= tile.row and self.left >= tile.column
        return starts and self.bottom <= tile.row + tile.size and self.right <= tile.column + tile.size

    def join(self, other: _Box) -> _Box:
        return _Box(
            min(self.top, other.top),
            max(self.bottom, other.bottom),
            min(self.left, other.left),
            max(self.right, other.right),
        )


def plan_tiles(
    image: Array,
    mask: BoolArray,
    *,
    tile_size: int = 50,
    negative_share: float = 1 / 3,
    rng: np.random.Generator,
) -> list[Tile]:
    """Choose the tiles of one slice.

    Args:
        image: The slice, (H, W), any units.
        mask: Its plaques, bool (H, W).
        tile_size: Side of a tile in pixels.
        negative_share: Share of tiles without plaque among all, 0 to below 1. Fewer are returned where the
            slice has fewer candidates; a slice without plaque gives none.
        rng: Source of the draw; the same state gives the same tiles.

    Returns:
        The tiles with plaque, then those without, each in reading order.

    Raises:
        ImageError: image and mask are not 2D or differ in shape.
        UsageError: a setting is out of range.

    >>> mask = np.zeros((100, 100), dtype=bool)
    >>> mask[45:55, 20:30] = True  # cut by the border between two rows of tiles
    >>> image = np.random.default_rng(0).random((100, 100))
    >>> plan_tiles(image, mask, rng=np.random.default_rng(0))[:2]
    [Tile(row=5, column=0, size=50), Tile(row=45, column=0, size=50)]
    """
    positives = positive_tiles(mask, tile_size)
    count = negative_count(len(positives), negative_share)
    return positives + draw_negatives(candidate_negatives(image, mask, tile_size), count, rng)


def positive_tiles(mask: BoolArray, tile_size: int = 50) -> list[Tile]:
    """Tiles that hold plaque, in reading order and without repeats.

    The slice is divided into a grid of tiles whose last row and column are moved inward so that the grid ends
    with the slice; a slice smaller than a tile has one tile at its first pixel, which `cut_tile` pads with
    zeros at the end. Every grid tile with plaque is taken. Where its edge cuts plaques (8-connected) that
    would fit, it is shifted as little as possible: to hold all of them where that is possible, else the
    largest. Then every pixel of plaque lies in at least one tile, and every plaque that fits lies whole in at
    least one; a plaque larger than a tile stays covered by several.

    Args:
        mask: Plaques of one slice, bool (H, W).
        tile_size: Side of a tile in pixels.

    Returns:
        The tiles; none for an empty mask.

    Raises:
        ImageError: the mask is not 2D.
        UsageError: the tile has no size.
    """
    grid = [tile for tile in _grid(mask.shape, tile_size) if mask[tile.area].any()]
    if not grid:
        return []
    labels, boxes = _plaques(mask)
    tiles = {_shifted(tile, labels, boxes, mask.shape) for tile in grid}
    for box in boxes.values():
        if box.fits(tile_size) and not any(box.inside(tile) for tile in tiles):
            tiles.add(_centred(box, tile_size, mask.shape))
    uncovered = mask.copy()
    for tile in tiles:
        uncovered[tile.area] = False
    tiles.update(tile for tile in grid if uncovered[tile.area].any())
    return sorted(tiles)


def candidate_negatives(image: Array, mask: BoolArray, tile_size: int = 50) -> Candidates[Tile]:
    """Grid tiles without plaque, each with a weight that prefers bright and high-contrast areas.

    The weight is the rank of the tile's mean intensity times the rank of its standard deviation, both among
    the candidates of this slice and scaled to at most 1, so that slices of different intensity can be pooled.
    Tiles of mere background are left out: those where less than 1 % of the pixels exceed the slice's mean.

    Args:
        image: The slice, (H, W), any units.
        mask: Its plaques, bool (H, W).
        tile_size: Side of a tile in pixels.

    Returns:
        Tiles in reading order, and their weights (N,), above 0 and at most 1.

    Raises:
        ImageError: image and mask are not 2D or differ in shape.
        UsageError: the tile has no size.
    """
    if image.shape != mask.shape:
        raise ImageError(
            f"slice: image {image.shape} and mask {mask.shape} differ in shape; resample the mask"
        )
    bright = image > image.mean() if image.size else np.zeros(image.shape, dtype=bool)
    tiles = [
        tile
        for tile in _grid(mask.shape, tile_size)
        if not mask[tile.area].any() and bright[tile.area].mean() >= FOREGROUND_SHARE
    ]
    means = np.array([image[tile.area].mean() for tile in tiles], dtype=np.float64)
    spreads = np.array([image[tile.area].std() for tile in tiles], dtype=np.float64)
    return tiles, _rank(means) * _rank(spreads)


def negative_count(positives: int, negative_share: float = 1 / 3) -> int:
    """How many tiles without plaque make up ``negative_share`` of all.

    >>> negative_count(5237)  # about one third of the paper's 7,856 tiles
    2618
    """
    if not 0 <= negative_share < 1:
        raise UsageError(f"negative_share is {negative_share}, expected 0 to below 1; correct that setting")
    return round(positives * negative_share / (1 - negative_share))


def draw_negatives(candidates: Candidates[T], count: int, rng: np.random.Generator) -> list[T]:
    """Draw without replacement, in proportion to the weights.

    Args:
        candidates: What may be drawn, for instance (slice, tile) pairs of a whole data set.
        count: How many to draw; all are returned where there are fewer.
        rng: Source of the draw.

    Returns:
        The drawn ones in their original order.
    """
    tiles, weights = candidates
    if count >= len(tiles):
        return list(tiles)
    drawn = rng.choice(len(tiles), size=count, replace=False, p=weights / weights.sum())
    return [tiles[index] for index in sorted(drawn)]


def cut_tile(array: Array, tile: Tile) -> Array:
    """Cut a tile out of the last two axes; (…, H, W) to (…, size, size), zeros where the slice is smaller.

    >>> cut_tile(np.ones((2, 3)), Tile(0, 0, 3)).sum(axis=1)
    array([3., 3., 0.])
    """
    piece = array[(..., *tile.area)]
    missing = [(0, 0)] * (array.ndim - 2) + [(0, tile.size - length) for length in piece.shape[-2:]]
    return np.pad(piece, missing)


def _grid(shape: tuple[int, ...], size: int) -> list[Tile]:
    if len(shape) != 2:
        raise ImageError(f"slice: shape {shape}, expected 2D (H, W); take one slice of the volume")
    if size < 1:
        raise UsageError(f"tile_size is {size}, expected at least 1; correct that setting")
    return [Tile(row, column, size) for row in _starts(shape[0], size) for column in _starts(shape[1], size)]


def _starts(length: int, size: int) -> list[int]:
    last = max(0, length - size)
    return sorted({min(start, last) for start in range(0, length, size)})


def _plaques(mask: BoolArray) -> tuple[Array, dict[int, _Box]]:
    import cc3d

    # As uint8: cc3d 4.1.1 mislabels some bool 2D arrays at connectivity 8.
    labels, count = cc3d.connected_components(mask.astype(np.uint8), connectivity=8, return_N=True)
    areas = cc3d.statistics(labels)["bounding_boxes"]
    boxes = {}
    for label in range(1, count + 1):
        rows, columns = areas[label][0], areas[label][1]
        boxes[label] = _Box(int(rows.start), int(rows.stop), int(columns.start), int(columns.stop))
    return labels, boxes


def _shifted(tile: Tile, labels: Array, boxes: dict[int, _Box], shape: tuple[int, ...]) -> Tile:
    found, sizes = np.unique(labels[tile.area], return_counts=True)
    fitting = {int(label): int(size) for label, size in zip(found, sizes, strict=True) if label}
    fitting = {label: size for label, size in fitting.items() if boxes[label].fits(tile.size)}
    cut = [label for label in fitting if not boxes[label].inside(tile)]
    if not cut:
        return tile
    largest = max(cut, key=lambda label: fitting[label])
    together = boxes[largest]
    for label in fitting:
        together = together.join(boxes[label])
    target = together if together.fits(tile.size) else boxes[largest]
    return Tile(
        row=_move(tile.row, target.top, target.bottom, tile.size, shape[0]),
        column=_move(tile.column, target.left, target.right, tile.size, shape[1]),
        size=tile.size,
    )


def _move(start: int, first: int, stop: int, size: int, length: int) -> int:
    """The start nearest to ``start`` from which ``size`` pixels hold ``first`` to ``stop``."""
    moved = min(max(start, stop - size), first)
    return max(0, min(moved, length - size))


def _centred(box: _Box, size: int, shape: tuple[int, ...]) -> Tile:
    row = (box.top + box.bottom - size) // 2
    column = (box.left + box.right - size) // 2
    return Tile(row=max(0, min(row, shape[0] - size)), column=max(0, min(column, shape[1] - size)), size=size)


def _rank(values: Float64Array) -> Float64Array:
    """Dense ranks from above 0 to 1; equal values share a rank."""
    distinct, rank = np.unique(values, return_inverse=True)
    ranks: Float64Array = (rank.reshape(-1) + 1) / max(1, len(distinct))
    return ranks
