"""What segmenters mark in the slices that show a tumour, and one mask an image."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Subset

from monai_mri.engines.dataset import Sample
from monai_mri.engines.key_metric import as_array
from monai_mri.engines.members import Member, showing
from monai_mri.engines.pipeline.scan import Scan, SliceFacts, SliceViews
from monai_mri.engines.slices import turned
from monai_mri.metrics import Counts, count_voxels
from monai_mri.transforms.save import suffix_for, write_mask

Mask = NDArray[np.bool_]


@dataclass
class Marked:
    """What one segmenter marked, by the number of the slice; a slice that it did not see has no entry.

    Attributes:
        threshold: a pixel is marked from that probability on; nan marks nothing.
        areas: pixels that are marked.
        counts: pixels hit, false and missed, where the true mask is known.
        kept: masks (H, W) of the slices that are drawn.
    """

    threshold: float
    areas: dict[int, int] = field(default_factory=dict)
    counts: dict[int, Counts] = field(default_factory=dict)
    kept: dict[int, Mask] = field(default_factory=dict)


def mark_slices(
    member: Member,
    views: SliceViews,
    places: Sequence[int],
    *,
    threshold: float,
    keep: Collection[int] = (),
    writer: MaskWriter | None = None,
) -> Marked:
    """Let one segmenter mark the slices at `places`, and no others.

    It sees them as it learnt to; what it marks is turned back to the image's own axes.

    Args:
        member: the segmenter.
        views: all slices.
        places: numbers of those that are segmented, ascending.
        threshold: a pixel is marked from that probability on.
        keep: numbers of the slices whose masks are drawn later.
        writer: writes the masks, too.
    """
    found = Marked(threshold)
    if not places:
        return found
    facts, seen = views.scan.slices, views.as_seen_by(member.record)

    def plane(values: Tensor, place: int) -> NDArray[Any]:
        own: NDArray[Any] = as_array(turned(values) if seen.turns(place) else values)[0]
        return own

    def look(sample: Sample, output: Sample) -> None:
        place = int(sample["place"])
        mask = plane(output["pred"], place) >= threshold
        found.areas[place] = int(mask.sum())
        if facts[place].truth_area is not None:
            truth = plane(sample["truth"], place) > 0 if "truth" in sample else np.zeros_like(mask)
            found.counts[place] = count_voxels(mask, truth)
        if place in keep:
            found.kept[place] = mask
        if writer is not None:
            writer.add(facts[place], mask)

    with showing(member.evaluator, Subset(seen, places)):
        member.evaluator.run_over_samples(look, what=member.name)
    return found


class MaskWriter:
    """Writes one mask for each image, of its grid or size; what no slice is added for stays empty.

    Args:
        scan: the images.
        folder: where `<sample_id>_mask` goes, as NIfTI, TIFF or PNG as the image was.
    """

    def __init__(self, scan: Scan, folder: Path) -> None:
        self.scan, self.folder = scan, folder
        self.paths: dict[int, Path] = {}
        self._open: tuple[int, Mask] | None = None

    def add(self, facts: SliceFacts, mask: Mask) -> None:
        """Take the mask of a slice; the slices of an image must follow each other."""
        if self._open is None or self._open[0] != facts.image:
            self._close()
            self._open = (facts.image, np.zeros(self.scan.images[facts.image].blank.array.shape, np.bool_))
        whole = self._open[1]
        if facts.plane is None:
            whole[:] = mask
        else:
            whole[..., facts.plane] = mask

    def finish(self) -> list[Path]:
        """Write what is open, and an empty mask for each image that has none; all paths, in order."""
        self._close()
        for number, image in enumerate(self.scan.images):
            if number not in self.paths:
                self._write(number, np.zeros(image.blank.array.shape, np.bool_))
        return [self.paths[number] for number in range(len(self.scan.images))]

    def _close(self) -> None:
        if self._open is not None:
            self._write(*self._open)
            self._open = None

    def _write(self, number: int, mask: Mask) -> None:
        image = self.scan.images[number]
        path = self.folder / f"{image.sample_id}_mask{suffix_for(image.blank)}"
        self.paths[number] = write_mask(mask, image.blank, path)
