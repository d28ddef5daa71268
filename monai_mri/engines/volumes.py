"""Which slices make a volume, and the scores of both as an evaluation collects them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from monai_mri.engines.dataset import ManifestDataset, Sample
from monai_mri.engines.slice_scores import Mask, SliceScore, score_slice, summarise_slices
from monai_mri.engines.slices import PLANE, VOLUME
from monai_mri.engines.volume_scores import Spacing, VolumeScore, score_volumes, summarise_volumes
from monai_mri.errors import ConfigError, ManifestError

Volume = tuple[str, ...]


class Place(NamedTuple):
    """A volume and a slice's number in it."""

    volume: Volume
    number: int


class Volumes:
    """How slices are put together into volumes.

    A plane of a NIfTI volume belongs to that volume. Pictures belong together where the columns of `by` are
    equal, in the order of `slice_column`. A picture without a number there belongs to none and is scored as
    a slice alone.

    Args:
        by: columns of the manifest that tell volumes apart.
        slice_column: column of the slice's number.
        spacing_mm: voxel size of pictures, which do not know theirs: along rows, along columns, and from
            slice to slice; None where one is unknown, as in [0.94, 0.94, null]. NIfTI files know theirs.
        draws: bootstrap draws of subjects.
        seed: seed of the draws.

    Raises:
        ConfigError: `by` is empty, or `spacing_mm` is not three sizes above 0.
    """

    def __init__(
        self,
        *,
        by: Sequence[str] = ("subject_id", "session_id"),
        slice_column: str = "slice_index",
        spacing_mm: Sequence[float | None] | None = None,
        draws: int = 2000,
        seed: int = 0,
    ) -> None:
        self.by, self.slice_column = tuple(by), slice_column
        self.spacing_mm = None if spacing_mm is None else tuple(spacing_mm)
        self.draws, self.seed = draws, seed
        if not self.by:
            raise ConfigError("volumes::by: empty, expected columns such as subject_id; name them")
        sizes = [size for size in self.spacing_mm or () if size is not None]
        if self.spacing_mm is not None and (
            len(self.spacing_mm) != 3 or not all(isfinite(size) and size > 0 for size in sizes)
        ):
            raise ConfigError(
                f"volumes::spacing_mm: {list(self.spacing_mm)} found, expected three sizes above 0 in mm "
                "(row, column, slice), null for one that is unknown; correct it"
            )

    def place_of(self, row: Sample) -> Place | None:
        """Where a picture stands by its row of the manifest; None where its row does not say.

        Raises:
            ManifestError: its number is none.
        """
        number = str(row.get(self.slice_column, "") or "").strip()
        if not number:
            return None
        try:
            place = int(number)
        except ValueError:
            raise ManifestError(
                f"{row.get('sample_id', row.get('subject_id'))}: {self.slice_column} is {number!r}, expected "
                "a whole number; correct that cell"
            ) from None
        return Place(tuple(str(row.get(column, "") or "") for column in self.by), place)

    @property
    def pixel_mm(self) -> tuple[float, float] | None:
        """Pixel size of pictures; None where it is unknown."""
        row, column = (self.spacing_mm or (None, None))[:2]
        return None if row is None or column is None else (row, column)

    @property
    def voxel_mm(self) -> Spacing | None:
        """Voxel size of pictures; None where it is unknown."""
        depth = self.spacing_mm[2] if self.spacing_mm is not None else None
        return None if self.pixel_mm is None or depth is None else (*self.pixel_mm, depth)


class SliceBook:
    """Scores of all slices so far, and of the volumes that they make.

    Args:
        rules: how slices are put together.
        source: the images, for what their slices do not know of their volumes.

    Raises:
        ManifestError: two pictures of a volume have one number, or a number is none.
        ConfigError: the manifest lacks a column that tells volumes apart.
    """

    def __init__(self, rules: Volumes, source: ManifestDataset) -> None:
        self.rules, self.source = rules, source
        self.slices: list[SliceScore] = []
        self._spacing_mm: dict[Volume, Spacing] = {}
        self._expected: dict[Volume, set[int]] = defaultdict(set)
        self._images = {row["sample_id"]: number for number, row in enumerate(source.rows)}
        self._expect_pictures()

    def add(self, sample: Sample, pred: Mask, truth: Mask) -> None:
        """Score a slice, or all planes of a volume (I, J, K)."""
        place, pixel_mm = self._place(sample, truth)
        for plane, index, name in _planes(sample, truth, place):
            self.slices.append(
                score_slice(
                    np.ascontiguousarray(pred[plane]),
                    np.ascontiguousarray(truth[plane]),
                    sample_id=name,
                    subject_id=sample["subject_id"],
                    volume=None if place is None else place.volume,
                    index=index,
                    spacing_mm=pixel_mm,
                    keep_masks=place is not None and place.volume in self._spacing_mm,
                )
            )

    def volumes(self) -> list[VolumeScore]:
        """The volumes of the slices so far."""
        return score_volumes(self.slices, spacing_mm=self._spacing_mm, expected=self._expected)

    def summary(self, volumes: Sequence[VolumeScore]) -> dict[str, Any]:
        """`per_slice`, `lesion_free` and `per_volume`, as `summary.json` holds them."""
        draws, seed = self.rules.draws, self.rules.seed
        found = summarise_slices(self.slices, draws=draws, seed=seed)
        alone = sum(one.volume is None for one in self.slices)
        found["per_volume"] = {"slices_without_volume": alone} | summarise_volumes(
            volumes, draws=draws, seed=seed
        )
        return found

    def _expect_pictures(self) -> None:
        """Note the slices of the manifest, those outside of the part, too, and refuse two of one number."""
        rows = self.source.manifest.rows()
        strange = [name for name in self.rules.by if name != "session_id" and name not in rows[0]]
        if strange:
            raise ConfigError(
                f"volumes::by: no column {strange[0]!r} in {self.source.manifest_path}, found "
                f"{', '.join(rows[0])}; name columns of the manifest"
            )
        for row in rows:
            place = self.rules.place_of(row)
            if place is None:
                continue
            if place.number in self._expected[place.volume]:
                raise ManifestError(
                    f"{self.source.manifest_path}: slice {place.number} of {', '.join(place.volume)} stands "
                    f"there twice, expected once for each {', '.join(self.rules.by)}; "
                    "name under volumes::by a column that tells the scans of a session apart"
                )
            self._expected[place.volume].add(place.number)

    def _place(self, sample: Sample, truth: Mask) -> tuple[Place | None, Sequence[float] | None]:
        """The place of a sample, and its pixel size; what its volume is like is noted."""
        known = _known_mm(sample["image"])
        pixel_mm: Sequence[float] | None = known[:2] if known is not None else self.rules.pixel_mm
        if truth.ndim == 3 or PLANE in sample:
            name = str(sample.get(VOLUME, sample["sample_id"]))
            if (name,) not in self._expected:
                image = sample["image"] if truth.ndim == 3 else self.source[self._images[name]]["image"]
                self._note_volume((name,), image)
            return Place((name,), int(sample.get(PLANE) or 0)), pixel_mm
        place = self.rules.place_of(sample)
        if place is not None and self.rules.voxel_mm is not None:
            self._spacing_mm[place.volume] = self.rules.voxel_mm
        return place, pixel_mm

    def _note_volume(self, volume: Volume, image: Any) -> None:
        self._expected[volume] = set(range(int(image.shape[-1])))
        known = _known_mm(image)
        if known is not None and len(known) == 3:
            self._spacing_mm[volume] = (known[0], known[1], known[2])


def _planes(sample: Sample, truth: Mask, place: Place | None) -> Iterator[tuple[Any, int | None, str]]:
    """Index of each plane into the masks, its number, and its name."""
    name = str(sample["sample_id"])
    if truth.ndim == 2:
        yield ..., None if place is None else place.number, name
        return
    for depth in range(truth.shape[-1]):
        yield (..., depth), depth, f"{name}_z{depth:03d}"


def _known_mm(image: Any) -> tuple[float, ...] | None:
    """Voxel size of an image; None where it is unknown, as in a JPG."""
    sizes = tuple(float(size) for size in getattr(image, "meta", {}).get("spacing_mm", ()))
    return sizes if len(sizes) >= 2 and all(map(isfinite, sizes)) else None
