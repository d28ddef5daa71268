"""Scores of volumes that were put together from their slices.

Pure functions of `SliceScore`, shared by `evaluate` and the pipeline that classifies before it segments.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import nan, prod
from typing import Any

import numpy as np

from monai_mri.engines.slice_scores import (
    DISTANCES_MM,
    OVERLAPS,
    VOXELS,
    PackedMasks,
    SliceScore,
    csv_text,
    number_cell,
    overlaps_of,
    volume_name,
)
from monai_mri.errors import ManifestError
from monai_mri.metrics import Counts, surface_distances_mm
from monai_mri.metrics.subject_means import subject_means

VOLUME_SCORES = (*OVERLAPS, *DISTANCES_MM, "volume_difference", "volume_error")
AMOUNTS = ("truth_voxels", "pred_voxels", "truth_ml", "pred_ml")
UNEQUAL = "slices of unequal size, nor overlaps"
Spacing = tuple[float, float, float]


@dataclass(frozen=True)
class VolumeScore:
    """What became of one volume.

    Attributes:
        volume: what tells it from others.
        subject_id: whose it is.
        slices: how many of its slices were scored.
        missing: how many of its slices are known to lack: between the first and the last, or elsewhere in
            the manifest.
        counts: voxels of all slices together.
        scores: `VOLUME_SCORES`, nan where undefined.
        amounts: `AMOUNTS`; those in ml are nan where the voxel size is unknown.
        without_mm: why there are no distances, or neither distances nor overlaps; empty where there are.
    """

    volume: tuple[str, ...]
    subject_id: str
    slices: int
    missing: int
    counts: Counts
    scores: Mapping[str, float]
    amounts: Mapping[str, float]
    without_mm: str = ""


def score_volumes(
    slices: Sequence[SliceScore],
    *,
    spacing_mm: Mapping[tuple[str, ...], Spacing] | None = None,
    expected: Mapping[tuple[str, ...], Collection[int]] | None = None,
) -> list[VolumeScore]:
    """Put slices together by `volume` and `index`, and score each volume.

    Overlaps come from the voxels of all slices added up. Relative to the true volume, `volume_difference` is
    what was marked too much (or, below 0, too little), `volume_error` the same without its sign; both are nan
    without a true voxel. Distances are in 3D; nan where the voxel size is unknown, a slice lacks, or a mask
    is empty. Of slices that differ in size, whose pixels are not alike, all scores and amounts are nan.

    Args:
        slices: of one volume or of several, in any order; those without a volume are passed over.
        spacing_mm: voxel size of each volume where it is known: along both axes of a slice, and from slice to
            slice. Distances need `keep_masks` of its slices.
        expected: the slices that a volume should have, where that is known.

    Returns:
        The volumes, in the order of their names.

    Raises:
        ManifestError: two slices of a volume have one place.
    """
    grouped: dict[tuple[str, ...], list[SliceScore]] = defaultdict(list)
    for one in slices:
        if one.volume is not None:
            grouped[one.volume].append(one)
    sizes, wanted = spacing_mm or {}, expected or {}
    return [
        _score(
            sorted(grouped[volume], key=lambda one: -1 if one.index is None else one.index),
            spacing=sizes.get(volume),
            expected=wanted.get(volume, ()),
        )
        for volume in sorted(grouped)
    ]


def summarise_volumes(volumes: Sequence[VolumeScore], *, draws: int = 2000, seed: int = 0) -> dict[str, Any]:
    """Means over volumes, with what became of each.

    Intervals are percentiles of draws of whole subjects, nan for fewer than 5.

    Returns:
        `volumes = scored + missed + falsely_found + both_empty` (by what is marked, as `summarise_scores`
        counts scans, also where the scores are undefined),
        `subjects`, `with_gaps` (volumes of which slices lack) and `missing_slices` of all, `without_mm` (for
        each reason, how many volumes have no distances), and `scores`, a dict of
        `value low high sd n undefined subjects undefined_draws` for each of `VOLUME_SCORES`.
    """
    subjects = [one.subject_id for one in volumes]
    scores = subject_means(
        [one.scores for one in volumes], subjects, names=VOLUME_SCORES, draws=draws, seed=seed
    )
    fates = Counter(_fate(one.counts) for one in volumes)
    return {
        "volumes": len(volumes),
        "subjects": len(set(subjects)),
        **{fate: fates[fate] for fate in ("scored", "missed", "falsely_found", "both_empty")},
        "with_gaps": sum(one.missing > 0 for one in volumes),
        "missing_slices": sum(one.missing for one in volumes),
        "without_mm": dict(sorted(Counter(one.without_mm for one in volumes if one.without_mm).items())),
        "scores": {name: asdict(score) for name, score in scores.items()},
    }


def volumes_table(volumes: Sequence[VolumeScore]) -> str:
    """CSV with one line a volume; undefined scores are empty cells."""
    lines: list[list[object]] = [
        [
            *("volume", "subject_id", "slices", "missing_slices"),
            *VOLUME_SCORES,
            *AMOUNTS,
            *(f"voxels_{kind}" for kind in VOXELS),
            "without_mm",
        ]
    ]
    for one in volumes:
        cells = [number_cell(one.scores[name]) for name in VOLUME_SCORES]
        cells += [number_cell(one.amounts[name]) for name in AMOUNTS]
        counts = (one.counts.tp, one.counts.fp, one.counts.fn)
        place = [volume_name(one.volume), one.subject_id, one.slices, one.missing]
        lines.append([*place, *cells, *counts, one.without_mm])
    return csv_text(lines)


def _score(slices: list[SliceScore], *, spacing: Spacing | None, expected: Collection[int]) -> VolumeScore:
    first = slices[0]
    missing = _missing(slices, expected)
    counts = sum((one.counts for one in slices), Counts())
    truth, pred = counts.tp + counts.fn, counts.tp + counts.fp
    difference = (pred - truth) / truth if truth else nan
    distances, reason = _distances(slices, spacing=spacing, missing=missing)
    ml = prod(spacing) / 1000 if spacing is not None else nan
    scores = overlaps_of(counts) | {"volume_difference": difference, "volume_error": abs(difference)}
    amounts = dict(zip(AMOUNTS, (truth, pred, truth * ml, pred * ml), strict=True))
    if reason == UNEQUAL:
        scores, amounts = dict.fromkeys(scores, nan), dict.fromkeys(AMOUNTS, nan)
    return VolumeScore(
        volume=first.volume or (),
        subject_id=first.subject_id,
        slices=len(slices),
        missing=missing,
        counts=counts,
        scores=scores | distances,
        amounts=amounts,
        without_mm=reason,
    )


def _missing(slices: list[SliceScore], expected: Collection[int]) -> int:
    places = [one.index for one in slices if one.index is not None]
    if len(set(places)) < len(places):
        place = Counter(places).most_common(1)[0][0]
        twice = [one.sample_id for one in slices if one.index == place]
        raise ManifestError(
            f"volume {volume_name(slices[0].volume or ())}: slice {place} stands there twice "
            f"({', '.join(twice[:2])}), expected once; "
            "name under volumes::by a column that tells the scans of a session apart"
        )
    between = set(range(min(places), max(places) + 1)) if places else set()
    return len((between | set(expected)) - set(places))


def _distances(
    slices: list[SliceScore], *, spacing: Spacing | None, missing: int
) -> tuple[dict[str, float], str]:
    """Distances in 3D, or why there are none."""
    masks = [one.masks for one in slices if one.masks is not None]
    if reason := _obstacle(slices, masks, spacing=spacing, missing=missing):
        return dict.fromkeys(DISTANCES_MM, nan), reason
    pairs = [one.unpacked() for one in masks]
    pred, truth = (np.stack(planes, axis=-1) for planes in zip(*pairs, strict=True))
    return asdict(surface_distances_mm(pred, truth, spacing_mm=spacing)), ""


def _obstacle(
    slices: list[SliceScore], masks: list[PackedMasks], *, spacing: Spacing | None, missing: int
) -> str:
    if len({one.shape for one in slices}) > 1:
        return UNEQUAL
    if spacing is None or len(masks) < len(slices):
        return "voxel size unknown"
    if missing:
        return "slices missing"
    empty = not any(one.is_marked for one in slices) or not any(one.has_lesion for one in slices)
    return "a mask is empty" if empty else ""


def _fate(counts: Counts) -> str:
    truth, pred = counts.tp + counts.fn > 0, counts.tp + counts.fp > 0
    if truth:
        return "scored" if pred else "missed"
    return "falsely_found" if pred else "both_empty"
