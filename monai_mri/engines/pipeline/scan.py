"""All images read once: their slices, what is known of each, and which images cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from monai_mri.engines.console import track
from monai_mri.engines.dataset import Sample
from monai_mri.engines.pipeline.dataset import ImageItem, PipelineDataset
from monai_mri.engines.slices import PLANE, planes, turned
from monai_mri.engines.weights import WeightsRecord
from monai_mri.errors import ConfigError, ImageError, MonaiMRIError
from monai_mri.images import Picture
from monai_mri.transforms.read_mri import picture_of


@dataclass(frozen=True, eq=False)
class ImageFacts:
    """An image that can be used; `blank` is it without its voxels, to write a mask on its grid."""

    place: int
    sample_id: str
    subject_id: str
    path: Path
    blank: Picture


@dataclass(frozen=True)
class SliceFacts:
    """A slice of an image and what is known of it.

    Attributes:
        image: number of the image in `Scan.images`.
        plane: its place along the third axis of a volume; None for a picture.
        slice_index: its number as the manifest has it, or the plane; empty where unknown.
        tumor: whether it shows one; None where nobody knows.
        truth_area: pixels of the true mask; None where that is not known.
    """

    sample_id: str
    subject_id: str
    image: int
    plane: int | None
    slice_index: str
    tumor: bool | None = None
    truth_area: int | None = None


@dataclass
class Scan:
    """What reading all images once has shown; `contradictions` are slices whose label and mask differ."""

    images: list[ImageFacts] = field(default_factory=list)
    slices: list[SliceFacts] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)

    @property
    def truth_known(self) -> bool:
        """Whether it is known of every slice if it shows a tumour."""
        return all(one.tumor is not None for one in self.slices)


def scan_images(dataset: PipelineDataset, *, labels: Mapping[str, bool]) -> Scan:
    """Read every image; those that cannot be are named among the faults.

    A picture shows a tumour where its label says so, or without a label its mask; a slice of a volume where
    its part of the mask is not empty. A picture whose label says there is none needs no mask: it is empty.

    Args:
        dataset: the images.
        labels: whether a label of the manifest means a tumour.

    Raises:
        ConfigError: the dataset's transform leaves a mask unread.
        ImageError: no image can be used.
    """
    scan = Scan()
    for place, item in enumerate(track(dataset.items, what="reading")):
        try:
            sample = dataset[place]
            image = _require_image(sample["image"], item)
            blank = np.broadcast_to(np.float32(0), tuple(image.shape[1:]))
            facts = ImageFacts(
                *(place, item.sample_id, item.subject_id, Path(item.paths[0])),
                blank=replace(picture_of(image), array=blank),
            )
            pieces = planes(sample)
        except Exception as error:
            scan.faults.append(_fault(error, item))
            continue
        scan.images.append(facts)
        scan.slices += [_slice_facts(scan, item, piece, labels) for piece in pieces]
    if not scan.images:
        raise ImageError(f"none of {len(scan.faults)} images can be used, first {scan.faults[0]}")
    return scan


class SliceViews(Dataset[Sample]):
    """The slices of a scan, read again when asked for; the image that was read last is kept.

    A sample is {"image": (C, H, W), "sample_id", "subject_id"}, with "place" its number, and with "truth"
    (1, H, W) where there is a mask.

    Args:
        dataset: the images.
        scan: what reading them has shown.
        upright: whether planes of volumes, image and truth, are `turned`, as pictures of slices are.
    """

    def __init__(self, dataset: PipelineDataset, scan: Scan, *, upright: bool = False) -> None:
        self.images, self.scan, self.upright = dataset, scan, upright
        self._last: tuple[int, list[Sample]] = (-1, [])

    def as_seen_by(self, record: WeightsRecord) -> SliceViews:
        """The slices as a network learnt to see them: planes of volumes upright if it knows pictures."""
        return SliceViews(self.images, self.scan, upright=record.images_kind == "picture")

    def turns(self, index: int) -> bool:
        """Whether a slice is shown `turned`; what a network says of it must be turned back."""
        return self.upright and self.scan.slices[index].plane is not None

    def __len__(self) -> int:
        """Number of slices."""
        return len(self.scan.slices)

    def __getitem__(self, index: int) -> Sample:
        """One slice."""
        facts = self.scan.slices[index]
        if self._last[0] != facts.image:
            self._last = (facts.image, planes(self.images[self.scan.images[facts.image].place]))
        piece = self._last[1][facts.plane or 0]
        shown = {"image": piece["image"]} | ({"truth": piece["label"]} if "label" in piece else {})
        if self.turns(index):
            shown = {key: turned(plane) for key, plane in shown.items()}
        return shown | {"sample_id": facts.sample_id, "subject_id": facts.subject_id, "place": index}


def _require_image(image: Any, item: ImageItem) -> Any:
    if not isinstance(image, Tensor) or image.ndim not in (3, 4):
        shape = tuple(getattr(image, "shape", ()))
        raise ImageError(
            f"{item.paths[0]}: shape {shape} found, expected channels and two or three axes; convert it"
        )
    return image


def _slice_facts(scan: Scan, item: ImageItem, piece: Sample, labels: Mapping[str, bool]) -> SliceFacts:
    mask, plane = piece.get("label"), piece.get(PLANE)
    if isinstance(mask, str):
        raise ConfigError(
            "preprocessing: leaves the mask under 'label' unread, expected ReadMRId with keys [image, "
            "label], mask_keys [label] and allow_missing; add them, or set the dataset's mask to null"
        )
    area = None if mask is None else int((mask > 0).sum())
    labelled = labels.get(item.label) if plane is None else None
    if labelled is False and area is None:
        area = 0
    if labelled is not None and area is not None and labelled != (area > 0):
        scan.contradictions.append(piece["sample_id"])
    return SliceFacts(
        sample_id=piece["sample_id"],
        subject_id=item.subject_id,
        image=len(scan.images) - 1,
        plane=plane,
        slice_index=item.slice_index if plane is None else str(plane),
        tumor=labelled if labelled is not None or area is None else area > 0,
        truth_area=area,
    )


def _fault(error: BaseException, item: ImageItem) -> str:
    """This package's error, also behind that of a MONAI transform; else the image and the error."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, MonaiMRIError):
            return str(link)
        error, link = link, link.__cause__
    return f"{item.paths[0]}: {type(error).__name__}: {error}"
