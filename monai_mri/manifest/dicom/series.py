"""Find the series in a tree of DICOM files, and say which make an image and which do not."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from monai_mri.manifest.core import Skipped
from monai_mri.manifest.dicom.sequence import is_localizer
from monai_mri.manifest.dicom.tags import Instance, read_instance
from monai_mri.manifest.quiet import quiet

SAME_MM = 0.01
PARALLEL = 0.001


@dataclass(frozen=True)
class Series:
    """The sound images of one series in the order of their names, each SOP instance once.

    `broken` counts those whose pixels are not whole.
    """

    images: tuple[Instance, ...]
    broken: int = 0

    @property
    def first(self) -> Instance:
        """The image whose tags speak for the series."""
        return self.images[0]

    @property
    def frames(self) -> int:
        """How many slices its tags place in space, over all volumes."""
        return sum(len(image.positions) for image in self.images)

    def name(self, root: Path) -> str:
        """Its first file below `root`, and how many more it has."""
        more = len(self.images) - 1
        first = self.first.path.relative_to(root).as_posix()
        return f"{first} (and {more} more of its series)" if more else first


def find_series(
    paths: Sequence[Path], root: Path, *, modality: str = "MR", jobs: int = 4
) -> tuple[list[Series], list[Skipped]]:
    """Group files by patient, study and series; files that are no such image, with the reason.

    Reads tags only, in `jobs` threads. Of files with one SOPInstanceUID the first by name is taken.
    """
    with quiet(), ThreadPoolExecutor(jobs) as pool:  # pydicom speaks of each odd value, and may quote it
        read = list(pool.map(lambda path: read_instance(path, modality=modality), paths))
    skipped, seen = [], dict[str, Path]()
    groups: dict[tuple[str, str, str], list[Instance]] = defaultdict(list)
    for path, image in zip(paths, read, strict=True):
        name = path.relative_to(root).as_posix()
        if isinstance(image, str):
            skipped.append(Skipped(name, image))
        elif image.uid in seen:
            first = seen[image.uid].relative_to(root).as_posix()
            skipped.append(Skipped(name, f"the same SOPInstanceUID as {first}"))
        else:
            seen[image.uid] = path
            groups[image.patient, image.study, image.series].append(image)
    found = []
    for images in groups.values():
        sound = tuple(image for image in images if not image.broken)
        broken = [image for image in images if image.broken]
        skipped += [Skipped(image.path.relative_to(root).as_posix(), image.broken) for image in broken]
        found += [Series(sound, broken=len(broken))] if sound else []
    return found, skipped


def unsuitable(series: Series, *, derived: bool, gaps: bool, volumes: bool, least_slices: int) -> str:
    """Why a series makes no row; empty when it does. True lets that kind of series pass.

    `derived`: images computed from others. `gaps`: missing slices. `volumes`: several volumes in one file.
    """
    image = series.first
    if is_localizer(image):
        return "a localizer"
    if image.image_type[:1] == ("DERIVED",) and not derived:
        return "derived from other images (option derived=keep)"
    if "MOSAIC" in image.image_type:
        several = len(series.images) > 1 and not volumes
        return f"{len(series.images)} volumes as mosaics (option volumes=keep)" if several else ""
    if image.voxel_mm is None or image.orientation is None or not all(one.positions for one in series.images):
        return "no position, orientation or voxel size: its place in space is unknown"
    if not _parallel(series):
        return "slices in several directions, as in a localizer"
    return _stack_fault(series, gaps=gaps, volumes=volumes, least_slices=least_slices)


def missing_slices(series: Series) -> int:
    """How many slices are missing between the first and the last, by their distance along the normal."""
    along = _along(series)
    steps = sorted(far - near for near, far in itertools.pairwise(along))
    usual = steps[len(steps) // 2] if steps else 0.0
    return sum(round(step / usual) - 1 for step in steps if step > 1.5 * usual)


def echoes(series: Series) -> int:
    """How many echo times a series holds."""
    return len({image.te_ms for image in series.images})


def _stack_fault(series: Series, *, gaps: bool, volumes: bool, least_slices: int) -> str:
    slices = len(_along(series))
    if slices < least_slices:
        return f"{slices} slices, expected {least_slices} or more (option least_slices)"
    if series.broken and not gaps:
        return f"{series.broken} of its images not whole: copy them again, or take it with gaps=keep"
    if (missing := missing_slices(series)) and not gaps:
        return f"{missing} of {slices + missing} slices missing: copy them, or take it with gaps=keep"
    if series.frames % slices and not gaps:
        return f"{series.frames} images at {slices} positions: a volume is incomplete (option gaps=keep)"
    count = series.frames // slices
    parts = len({image.image_type for image in series.images}) * echoes(series)
    if count > parts and not volumes:
        return f"{count} volumes in one series, expected one (option volumes=keep)"
    return ""


def _normal(orientation: Sequence[float]) -> tuple[float, float, float]:
    a, b, c, d, e, f = orientation
    return b * f - c * e, c * d - a * f, a * e - b * d


def _parallel(series: Series) -> bool:
    reference = _normal(series.first.orientation or ())
    return all(
        image.orientation is not None
        and all(abs(x - y) < PARALLEL for x, y in zip(_normal(image.orientation), reference, strict=True))
        for image in series.images
    )


def _along(series: Series) -> list[float]:
    """The distinct places of the slices along their normal, in mm, ascending."""
    normal = _normal(series.first.orientation or ())
    places = sorted(
        sum(x * n for x, n in zip(position, normal, strict=True))
        for image in series.images
        for position in image.positions
    )
    distinct = places[:1]
    for place in places:
        if place - distinct[-1] > SAME_MM:
            distinct.append(place)
    return distinct
