"""Near-copies: coarse descriptors name candidates, aligned fine detail decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monai_mri.manifest.copies.warps import Variant, refinements, variants, warp_matrix

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Scale:
    """Widths of the filters in cells, the grid of the coarse descriptor, and its least correlation."""

    fine: tuple[float, float]
    coarse: tuple[float, float]
    step: int
    candidate: float


SCALES = {
    2: Scale(fine=(1.0, 3.0), coarse=(3.0, 7.0), step=4, candidate=0.91),
    3: Scale(fine=(0.6, 2.0), coarse=(1.2, 4.0), step=2, candidate=0.85),
}
CANDIDATES_EACH = 12
RIVAL = 0.03  # how far below the best a pose may score and still be tried
BLOCK_ENTRIES = 4_000_000
BATCH = 256
WORTH_REFINING = 0.5
LARGEST_SHIFT = 6
PEAK_CELLS = 5
PEAK_LEVELS = 2
FEWEST_PEAKS = 6
FLAT = 0.15


@dataclass(frozen=True, eq=False)
class Match:
    """Two images, by their places, how alike their aligned detail is (at most 1), and how they were laid."""

    first: int
    second: int
    similarity: float
    variant: Variant


def near_matches(
    smalls: Sequence[NDArray[np.uint8]], groups: NDArray[np.int64], *, least: float
) -> list[Match]:
    """Pairs of thumbnails of different groups whose fine detail correlates by `least` or more."""
    dimensions = smalls[0].ndim
    scale, ways = SCALES[dimensions], variants(dimensions)
    kept = [index for index, small in enumerate(smalls) if has_detail(small)]
    if len(kept) < 2:
        return []
    candidates = _candidates([smalls[index] for index in kept], groups[kept], scale, ways)
    found: dict[tuple[int, int], Match] = {}
    for way in np.unique(candidates[:, 2]):
        pairs = candidates[candidates[:, 2] == way, :2]
        for start in range(0, len(pairs), BATCH):
            batch = np.array(kept)[pairs[start : start + BATCH]]
            for (first, second), similarity in zip(
                batch, _similarities(smalls, batch, ways[way]), strict=True
            ):
                match = Match(int(first), int(second), float(min(similarity, 1.0)), ways[way])
                known = found.get((match.first, match.second))
                if similarity >= least and (known is None or known.similarity < match.similarity):
                    found[match.first, match.second] = match
    return [found[pair] for pair in sorted(found)]


def high_pass(smalls: NDArray[np.float32], widths: tuple[float, float]) -> FloatArray:
    """Detail between two widths, evened out so that a bright skull counts no more than dim tissue."""
    from scipy.ndimage import gaussian_filter

    narrow, wide = ((0.0,) + (width,) * (smalls.ndim - 1) for width in widths)
    detail = gaussian_filter(smalls, narrow, truncate=3) - gaussian_filter(smalls, wide, truncate=3)
    local = np.sqrt(gaussian_filter(detail**2, tuple(2 * width for width in wide), truncate=2))
    axes = tuple(range(1, smalls.ndim))
    return np.asarray(detail / (local + FLAT * local.mean(axis=axes, keepdims=True) + 1e-6), dtype=np.float32)


def has_detail(small: NDArray[np.uint8]) -> bool:
    """Whether there are enough bright spots to compare: one blob on black looks like any other."""
    from scipy.ndimage import gaussian_filter, maximum_filter, minimum_filter

    smooth = gaussian_filter(small.astype(np.float32), 1.0, truncate=3)
    peaks = smooth == maximum_filter(smooth, PEAK_CELLS)
    return int((peaks & (smooth - minimum_filter(smooth, PEAK_CELLS) > PEAK_LEVELS)).sum()) >= FEWEST_PEAKS


def _candidates(
    smalls: Sequence[NDArray[np.uint8]], groups: NDArray[np.int64], scale: Scale, ways: list[Variant]
) -> NDArray[np.int64]:
    """Rows of (first, second, variant): for each image its best few partners later in the list.

    A head is nearly symmetric, so that its mirror image may score as well as the head itself: where another
    pose (flip or turn) comes close to the best one, both are candidates.
    """
    grids = _coarse_grids(smalls, scale)
    size = round(grids.shape[1] ** (1 / smalls[0].ndim))
    cells = np.arange(size ** smalls[0].ndim).reshape((size,) * smalls[0].ndim)
    places = cells[(slice(None, None, 2),) * smalls[0].ndim].ravel()
    pickers = [warp_matrix(way.linear, size, places) for way in ways]
    targets = _unit(grids[:, places])
    height = max(1, BLOCK_ENTRIES // len(smalls))
    found = []
    for start in range(0, len(smalls), height):
        rows = np.arange(start, min(start + height, len(smalls)))
        barred = groups[rows][:, None] == groups[None, start:]
        barred |= rows[:, None] >= np.arange(start, len(smalls))[None]
        by_pose: dict[bytes, tuple[FloatArray, NDArray[np.uint8]]] = {}
        for number, picker in enumerate(pickers):
            scores = _unit((picker @ grids[rows].T).T) @ targets[start:].T
            scores[barred] = -1
            fresh = (np.full(scores.shape, -1, np.float32), np.zeros(scores.shape, np.uint8))
            best, which = by_pose.setdefault(ways[number].pose.tobytes(), fresh)
            better = scores > best
            np.copyto(best, scores, where=better)
            which[better] = number
        found.append(_best_of_each_row(list(by_pose.values()), start, scale.candidate))
    return np.concatenate(found)


def _best_of_each_row(
    by_pose: Sequence[tuple[FloatArray, NDArray[np.uint8]]], start: int, least: float
) -> NDArray[np.int64]:
    best = np.maximum.reduce([scores for scores, _ in by_pose])
    count = min(CANDIDATES_EACH, best.shape[1])
    columns = np.argpartition(-best, count - 1, axis=1)[:, :count]
    rows = np.arange(len(best))[:, None]
    found = []
    for scores, which in by_pose:
        chosen = scores[rows, columns]
        row, place = np.nonzero((chosen > least) & (chosen > best[rows, columns] - RIVAL))
        column = columns[row, place]
        found.append(np.stack([row + start, column + start, which[row, column]], axis=1))
    return np.concatenate(found).astype(np.int64)


def _coarse_grids(smalls: Sequence[NDArray[np.uint8]], scale: Scale) -> FloatArray:
    grids = []
    inner = (slice(None),) + (slice(scale.step // 2, None, scale.step),) * smalls[0].ndim
    for start in range(0, len(smalls), BATCH):
        detail = high_pass(np.array(smalls[start : start + BATCH], dtype=np.float32), scale.coarse)
        grids.append(detail[inner].reshape(len(detail), -1))
    return np.concatenate(grids)


def _unit(rows: FloatArray) -> FloatArray:
    rows = rows - rows.mean(axis=1, keepdims=True)
    return np.asarray(rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9), dtype=np.float32)


def _similarities(
    smalls: Sequence[NDArray[np.uint8]], pairs: NDArray[np.int64], way: Variant
) -> NDArray[np.float32]:
    scale = SCALES[len(way.pose)]
    images, places = np.unique(pairs, return_inverse=True)
    detail = high_pass(np.array([smalls[image] for image in images], dtype=np.float32), scale.fine)
    places = places.reshape(pairs.shape)
    best = _aligned(detail, places, [way.linear])
    promising = np.flatnonzero(best >= WORTH_REFINING)
    if len(promising):
        finer = _aligned(detail, places[promising], refinements(way))
        best[promising] = np.maximum(best[promising], finer)
    return best


def _aligned(
    detail: FloatArray, pairs: NDArray[np.int64], maps: list[NDArray[np.float64]]
) -> NDArray[np.float32]:
    """The best correlation of each pair over maps and shifts of up to 6 cells."""
    from scipy.fft import irfftn, rfftn

    size, axes = detail.shape[1], tuple(range(1, detail.ndim))
    window = _window(size, detail.ndim - 1)
    fixed = detail[pairs[:, 1]] * window
    fixed /= np.sqrt((fixed**2).sum(axis=axes, keepdims=True)) + 1e-9
    spectrum = np.conj(rfftn(fixed, axes=axes))
    source = detail[pairs[:, 0]].reshape(len(pairs), -1).T
    near = np.r_[0 : LARGEST_SHIFT + 1, -LARGEST_SHIFT:0]
    best = np.full(len(pairs), -1, dtype=np.float32)
    for linear in maps:
        moved = (warp_matrix(linear, size) @ source).T.reshape(fixed.shape) * window
        moved /= np.sqrt((moved**2).sum(axis=axes, keepdims=True)) + 1e-9
        overlap = irfftn(rfftn(moved, axes=axes) * spectrum, s=fixed.shape[1:], axes=axes)
        for axis in axes:
            overlap = overlap.take(near, axis=axis)
        best = np.maximum(best, overlap.reshape(len(pairs), -1).max(axis=1))
    return best


def _window(size: int, dimensions: int) -> FloatArray:
    """One in the middle, zero at the rim, so that a rotation's empty corners do not count."""
    middle = (size - 1) / 2
    radius = np.sqrt(((np.indices((size,) * dimensions) - middle) ** 2).sum(axis=0))
    return np.asarray(np.clip((middle - radius) / (size / 10), 0, 1), dtype=np.float32)
