"""Scores of segmentations slice by slice: as published, and with the slices that hold nothing set apart.

Pure functions of masks, shared by `evaluate` and the pipeline that classifies before it segments.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isnan, nan
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.metrics import Counts, count_voxels, overlap, segmentation_scores, surface_distances_mm
from monai_mri.metrics.subject_means import subject_means

Mask = npt.NDArray[np.bool_]
OVERLAPS = ("dice", "jaccard", "precision", "recall")
DISTANCES_PX = ("hd_px", "hd95_px", "assd_px")
DISTANCES_MM = ("hd_mm", "hd95_mm", "assd_mm")
SLICE_SCORES = (*OVERLAPS, *DISTANCES_PX, *DISTANCES_MM)
VOXELS = ("true_positive", "false_positive", "false_negative")


@dataclass(frozen=True, eq=False)
class PackedMasks:
    """Two masks of one shape, eight voxels a byte."""

    shape: tuple[int, ...]
    pred: npt.NDArray[np.uint8]
    truth: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, pred: Mask, truth: Mask) -> PackedMasks:
        """The masks, packed."""
        return cls(pred.shape, np.packbits(pred), np.packbits(truth))

    def unpacked(self) -> tuple[Mask, Mask]:
        """The masks as they were."""
        voxels = int(np.prod(self.shape))
        pred, truth = (np.unpackbits(bits, count=voxels) > 0 for bits in (self.pred, self.truth))
        return pred.reshape(self.shape), truth.reshape(self.shape)


@dataclass(frozen=True, eq=False)
class SliceScore:
    """What became of one slice.

    Attributes:
        sample_id: the slice.
        subject_id: whose it is.
        volume: what tells its volume from others; None where it belongs to none.
        index: its place in that volume, None without one.
        counts: its pixels.
        scores: `SLICE_SCORES`, nan where undefined.
        masks: both masks, for distances in the volume; None where they are not needed.
        shape: rows and columns.
    """

    sample_id: str
    subject_id: str
    volume: tuple[str, ...] | None
    index: int | None
    counts: Counts
    scores: Mapping[str, float]
    masks: PackedMasks | None = None
    shape: tuple[int, ...] = ()

    @property
    def has_lesion(self) -> bool:
        """Whether the truth marks a pixel."""
        return self.counts.tp + self.counts.fn > 0

    @property
    def is_marked(self) -> bool:
        """Whether the prediction marks a pixel."""
        return self.counts.tp + self.counts.fp > 0


def score_slice(
    pred: Mask,
    truth: Mask,
    *,
    sample_id: str,
    subject_id: str,
    volume: tuple[str, ...] | None = None,
    index: int | None = None,
    spacing_mm: Sequence[float] | None = None,
    keep_masks: bool = False,
) -> SliceScore:
    """Score one slice.

    Distances are given in pixels always and in mm where the pixel size is known; both are nan where one of
    the masks is empty. A pixel is a step of 1 along either axis.

    Args:
        pred: what was marked, bool (H, W).
        truth: what should be, bool (H, W).
        sample_id: the slice.
        subject_id: whose it is.
        volume: what tells its volume from others.
        index: its place in that volume.
        spacing_mm: pixel size along the two axes; None if unknown.
        keep_masks: keep both masks, for distances in the volume.

    Raises:
        UsageError: a mask is not boolean, or the pixel size does not fit.
        ImageError: the shapes differ.

    >>> pred, truth = np.zeros((2, 4, 4), bool)
    >>> pred[:2], truth[1:3] = True, True
    >>> scores = score_slice(pred, truth, sample_id="a", subject_id="a").scores
    >>> scores["dice"], scores["hd_px"], scores["hd_mm"]
    (0.5, 1.0, nan)
    """
    found = segmentation_scores(pred, truth, spacing_mm=spacing_mm)
    pixels = asdict(surface_distances_mm(pred, truth, spacing_mm=(1.0, 1.0)))
    found |= {name: pixels[f"{name.removesuffix('_px')}_mm"] for name in DISTANCES_PX}
    return SliceScore(
        sample_id=sample_id,
        subject_id=subject_id,
        volume=volume,
        index=index,
        counts=count_voxels(pred, truth),
        scores={name: found[name] for name in SLICE_SCORES},
        masks=PackedMasks.of(pred, truth) if keep_masks else None,
        shape=tuple(truth.shape),
    )


def summarise_slices(slices: Sequence[SliceScore], *, draws: int = 2000, seed: int = 0) -> dict[str, Any]:
    """Means over the slices whose truth holds a lesion, and what was marked in those without.

    A slice with a lesion in which nothing was marked has Dice, Jaccard and recall 0 and no distances: the
    mean distance is over the slices where it is defined, `undefined` counts the others. Intervals are
    percentiles of draws of whole subjects, nan for fewer than 5.

    Returns:
        `per_slice`: `slices` and `subjects` with a lesion, `missed` of these slices, and `scores`, a dict of
        `value low high sd n undefined subjects undefined_draws` for each of `SLICE_SCORES`. `lesion_free`:
        `slices` and `subjects`, `falsely_marked` of these slices, their `share`, and `area_px`, the mean area
        marked in them, both with the same keys as a score.
    """
    held = [one for one in slices if one.has_lesion]
    free = [one for one in slices if not one.has_lesion]
    marked = [
        {"share": float(one.is_marked), "area_px": float(one.counts.fp) if one.is_marked else nan}
        for one in free
    ]
    scores = subject_means(
        [one.scores for one in held], _subjects(held), names=SLICE_SCORES, draws=draws, seed=seed
    )
    false = subject_means(marked, _subjects(free), names=("share", "area_px"), draws=draws, seed=seed)
    return {
        "per_slice": {
            "slices": len(held),
            "subjects": len(set(_subjects(held))),
            "missed": sum(not one.is_marked for one in held),
            "scores": {name: asdict(score) for name, score in scores.items()},
        },
        "lesion_free": {
            "slices": len(free),
            "subjects": len(set(_subjects(free))),
            "falsely_marked": sum(one.is_marked for one in free),
            **{name: asdict(score) for name, score in false.items()},
        },
    }


def slices_table(slices: Sequence[SliceScore]) -> str:
    """CSV with one line a slice; undefined scores are empty cells."""
    header = ["sample_id", "subject_id", "volume", "slice_index", *SLICE_SCORES]
    lines: list[list[object]] = [[*header, *(f"voxels_{kind}" for kind in VOXELS)]]
    for one in slices:
        name = "" if one.volume is None else volume_name(one.volume)
        place = "" if one.index is None else one.index
        counts = (one.counts.tp, one.counts.fp, one.counts.fn)
        cells = [number_cell(one.scores[score]) for score in SLICE_SCORES]
        lines.append([one.sample_id, one.subject_id, name, place, *cells, *counts])
    return csv_text(lines)


def volume_name(volume: tuple[str, ...]) -> str:
    """What a person calls a volume.

    >>> volume_name(("TCGA_CS_4941", "1")), volume_name(("sub-01", ""))
    ('TCGA_CS_4941_1', 'sub-01')
    """
    return "_".join(filter(None, volume))


def number_cell(value: float) -> str:
    """A number as a cell; empty where it is undefined."""
    return "" if isnan(value) else f"{value:.9g}"


def csv_text(lines: Sequence[Sequence[object]]) -> str:
    """Lines as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def overlaps_of(counts: Counts) -> dict[str, float]:
    """`OVERLAPS` of pixels or voxels that were counted together."""
    return {name: getattr(overlap, name)(counts) for name in OVERLAPS}


def _subjects(slices: Sequence[SliceScore]) -> list[str]:
    return [one.subject_id for one in slices]
