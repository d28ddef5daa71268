"""Find pairs of images of different subjects that are copies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monai_mri.manifest.copies.canonical import describe
from monai_mri.manifest.copies.near import near_matches
from monai_mri.manifest.copies.prints import Fingerprint

NEAR = {2: 0.85, 3: 0.95}
SAME_VALUE = 2e-5
MOST_EACH = 5


@dataclass(frozen=True)
class Copy:
    """Two images, by their places in the list, first < second.

    Kind: `voxels`, the same voxels; `transformed`, the same but flipped, turned by 90 degrees, rescaled or
    inverted; `near`, the same picture changed otherwise. Similarity is 1 for the first two, else the
    correlation of aligned detail. Transform is text such as "flipped left-right"; empty for none.
    """

    first: int
    second: int
    kind: Literal["voxels", "transformed", "near"]
    similarity: float
    transform: str


def find_copies(
    prints: Sequence[Fingerprint | None],
    groups: Sequence[str],
    *,
    near: bool = True,
    near_picture: float = NEAR[2],
    near_volume: float = NEAR[3],
    most: int = MOST_EACH,
) -> list[Copy]:
    """Pairs of images under different groups (subjects) that are copies, the surest first.

    A picture with hundreds of copies does not give all their pairs: each image is named in about `most`
    pairs, and every set of copies stays connected by the pairs that are given. Of several images with the
    same voxels one stands for all in the search for changed copies.

    Args:
        prints: One for each image, None where it has none; pictures and volumes may mix.
        groups: The subject of each image.
        near: Whether to look for near-copies too.
        near_picture: Least similarity of near-copies in 2D.
        near_volume: Least similarity of near-copies in 3D.
        most: In how many pairs an image is named, unless more are needed to keep copies connected.

    Raises:
        ValueError: `prints` and `groups` differ in length.
    """
    if len(prints) != len(groups):
        raise ValueError(f"{len(prints)} fingerprints and {len(groups)} groups, expected as many of each")
    same: defaultdict[str, list[int]] = defaultdict(list)
    for index, item in enumerate(prints):
        if item is not None:
            same[item.voxels].append(index)
    found = [copy for indices in same.values() for copy in _same_voxels(indices, groups)]
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    labels = np.array([numbers[group] for group in groups], dtype=np.int64)
    leaders = [(indices[0], item) for indices in same.values() if (item := prints[indices[0]]) is not None]
    found += _transformed(leaders, labels)
    if near:
        known = {(copy.first, copy.second) for copy in found}
        for dimensions, least in ((2, near_picture), (3, near_volume)):
            found += [
                copy
                for copy in _near(leaders, labels, dimensions, least)
                if (copy.first, copy.second) not in known
            ]
    return _fewer(found, most)


def _same_voxels(indices: list[int], groups: Sequence[str]) -> Iterator[Copy]:
    """Each one with the first of another group, which keeps them connected."""
    other = next((index for index in indices if groups[index] != groups[indices[0]]), None)
    if other is None:
        return
    for index in indices[1:]:
        partner = indices[0] if groups[index] != groups[indices[0]] else other
        if partner != index:
            yield Copy(min(partner, index), max(partner, index), "voxels", 1.0, "")


def _transformed(leaders: list[tuple[int, Fingerprint]], labels: NDArray[np.int64]) -> list[Copy]:
    by_shape: defaultdict[tuple[int, ...], list[tuple[int, Fingerprint]]] = defaultdict(list)
    for leader in leaders:
        by_shape[tuple(sorted(leader[1].shape))].append(leader)
    found = []
    for members in by_shape.values():
        sketches = np.array([item.sketch for _, item in members])
        for first, second in _equal_rows(sketches):
            (one, a), (two, b) = members[first], members[second]
            if labels[one] != labels[two]:
                (one, a), (two, b) = sorted([(one, a), (two, b)], key=lambda pair: pair[0])
                found.append(Copy(one, two, "transformed", 1.0, _how(a, b)))
    return found


def _equal_rows(sketches: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """Pairs of rows equal to a few parts in 100,000; of a run of equal rows, each with the MOST_EACH next."""
    total = sketches.mean(axis=1, dtype=np.float64)
    order = np.argsort(total, kind="stable")
    ranked = total[order]
    ends = np.searchsorted(ranked, ranked + SAME_VALUE, side="right")
    for place, end in enumerate(ends):
        if end <= place + 1:
            continue
        others = order[place + 1 : end]
        equal = np.abs(sketches[others] - sketches[order[place]]).max(axis=1) <= SAME_VALUE
        for other in others[equal][:MOST_EACH]:
            yield int(order[place]), int(other)


def _how(a: Fingerprint, b: Fingerprint) -> str:
    words = [describe((b.pose.matrix.T @ a.pose.matrix).astype(np.int8))]
    if a.inverted != b.inverted:
        words.append("grey values inverted")
    elif a.range != b.range:
        words.append("grey values rescaled")
    return ", ".join(word for word in words if word)


def _near(
    leaders: list[tuple[int, Fingerprint]], labels: NDArray[np.int64], dimensions: int, least: float
) -> Iterator[Copy]:
    chosen = [
        (index, item.small)
        for index, item in leaders
        if item.small is not None and item.small.ndim == dimensions
    ]
    if len(chosen) < 2:
        return
    indices = np.array([index for index, _ in chosen])
    for match in near_matches([small for _, small in chosen], labels[indices], least=least):
        first, second = sorted((int(indices[match.first]), int(indices[match.second])))
        yield Copy(first, second, "near", match.similarity, describe(match.variant.pose))


def _fewer(found: list[Copy], most: int) -> list[Copy]:
    kinds = ("voxels", "transformed", "near")
    ordered = sorted(found, key=lambda c: (kinds.index(c.kind), -c.similarity, c.first, c.second))
    roots: dict[int, int] = {}
    named: Counter[int] = Counter()
    kept = []
    for copy in ordered:
        first, second = _root(roots, copy.first), _root(roots, copy.second)
        if first != second or max(named[copy.first], named[copy.second]) < most:
            roots[first] = second
            named.update((copy.first, copy.second))
            kept.append(copy)
    return kept


def _root(roots: dict[int, int], index: int) -> int:
    path = []
    while roots.get(index, index) != index:
        path.append(index)
        index = roots[index]
    roots.update(dict.fromkeys(path, index))
    return index
