"""Rows of a table of sessions from those of its series, and the conversion of all series."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from monai_mri.errors import ImageError
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.dicom.convert import STAGING, Converted, convert_series
from monai_mri.manifest.dicom.plan import Job
from monai_mri.manifest.dicom.series import missing_slices
from monai_mri.manifest.layouts._making import in_threads
from monai_mri.manifest.layouts._samples import Sample

SESSION_COLUMNS = ("series", "manufacturer", "field_strength_t", "converter")
SAME_VOXELS = 0.1  # how far two grids may lie apart, in voxels: as create_manifest has it


@dataclass(frozen=True)
class Named:
    """A row of one series, and the files it came from by name."""

    name: str
    sample: Sample


def convert_all(
    jobs: Sequence[Job], folder: Path, *, volumes: bool, workers: int
) -> tuple[list[Named], list[Skipped]]:
    """Convert every series into `folder`; a row for each image made, and what failed, with the reason.

    What a run that was killed has left of its work is removed first; so let no two runs write to one folder.
    """
    for left in list(folder.rglob(f"{STAGING}*")):
        shutil.rmtree(left, ignore_errors=True)

    def convert(job: Job) -> tuple[list[Named], list[Skipped]]:
        return _convert(job, folder, volumes=volumes)

    made = in_threads(convert, jobs, jobs=workers, what="dcm2niix")
    return [row for rows, _ in made for row in rows], [skipped for _, left in made for skipped in left]


def remove_unused(made: Sequence[Named], samples: Sequence[Sample], folder: Path) -> None:
    """Remove the images that this run made and no row names, what lies beside them, and emptied folders."""
    used = {path for sample in samples for path in sample.images.values()}
    for path in {row.sample.images["image"] for row in made} - used:
        stem = path.name.removesuffix(".nii.gz")
        for ending in (".nii.gz", ".json", ".bval", ".bvec"):
            path.with_name(stem + ending).unlink(missing_ok=True)
        for parent in path.parents:
            if parent == folder or not parent.is_relative_to(folder) or any(parent.iterdir()):
                break
            parent.rmdir()


def by_session(rows: Sequence[Named], *, made: bool) -> tuple[list[Sample], list[Skipped]]:
    """One row a visit with a column a sequence; series that fit in no column, or several in one, are left.

    With `made`, visits whose images lie on different grids are left too.
    """
    visits: dict[tuple[str, str], dict[str, list[Named]]] = defaultdict(lambda: defaultdict(list))
    skipped, samples = [], []
    for row in rows:
        name = _column(row.sample)
        if row.sample.extra["sequence"] == "other":
            skipped.append(Skipped(row.name, "what it shows is not known (option rows=series takes it)"))
        else:
            visits[row.sample.subject_id, row.sample.session_id][name].append(row)
    for columns in visits.values():
        clear = {name: several[0] for name, several in columns.items() if len(several) == 1}
        for name, several in columns.items():
            numbers = ", ".join(row.sample.extra["series"] or "?" for row in several)
            why = f"series {numbers} of one visit are all {name}: choose with option take"
            skipped += [Skipped(row.name, why) for row in several if len(several) > 1]
        if made and (why := _grids_differ(clear)):
            skipped += [Skipped(row.name, why) for row in clear.values()]
        elif clear:
            samples.append(_session(clear))
    return samples, skipped


def _convert(job: Job, folder: Path, *, volumes: bool) -> tuple[list[Named], list[Skipped]]:
    images = job.series.images
    classic = all(len(image.positions) == 1 for image in images)
    countable = classic and "MOSAIC" not in images[0].image_type and not missing_slices(job.series)
    try:
        kept, rejected = convert_series(
            [image.path for image in images],
            folder / job.target,
            secrets=sorted({secret for image in images for secret in image.secrets}),
            volumes=volumes,
            slices=len(images) if countable else None,
        )
    except (ImageError, ValueError) as error:
        return [], [Skipped(job.name, str(error))]
    left = [Skipped(f"{job.name} {one.suffix}".strip(), one.why) for one in rejected]
    return [Named(job.name, _row(job.sample, one)) for one in kept], left


def _row(planned: Sample, made: Converted) -> Sample:
    extra = planned.extra | {
        "part": made.part or planned.extra["part"],
        "echo": made.echo,
        "voxel_mm": "x".join(f"{step:.4g}" for step in made.voxel_mm),
        "slices": str(made.shape[2]),
        "converter": made.converter,
    }
    return replace(planned, images={"image": made.path}, extra=extra)


def _column(sample: Sample) -> str:
    extra = sample.extra
    echo = f"echo{extra['echo']}" if extra["echo"] else ""
    marks = ("ce" if extra["contrast"] else "", extra["part"], echo)
    return "_".join((extra["sequence"].lower(), *filter(None, marks)))


def _session(columns: dict[str, Named]) -> Sample:
    first = next(iter(columns.values())).sample
    images = {name: row.sample.images["image"] for name, row in columns.items()}
    extra = {name: first.extra[name] for name in SESSION_COLUMNS}
    extra["series"] = " ".join(row.sample.extra["series"] or "?" for row in columns.values())
    return replace(first, images=images, extra=extra)


def _grids_differ(columns: dict[str, Named]) -> str:
    from monai_mri.images.headers import read_header

    headers = {name: read_header(row.sample.images["image"]) for name, row in columns.items()}
    reference = next(iter(headers.values()), None)
    if all(_same_grid(reference, header) for header in headers.values()):
        return ""
    sizes = ", ".join(f"{name} {'x'.join(map(str, header.shape))}" for name, header in headers.items())
    return (
        f"the images of one visit lie on different grids ({sizes}) [E209]: take one with option sequences, "
        "or convert them with rows=series and co-register them"
    )


def _same_grid(first: Any, second: Any) -> bool:
    import itertools

    import numpy as np

    if first.shape != second.shape:
        return False
    corners = [(*at, 1) for at in itertools.product(*((0, size - 1) for size in first.shape[:3]))]
    moved_mm = np.linalg.norm(np.array(corners) @ (second.affine - first.affine).T, axis=1).max()
    return bool(moved_mm <= SAME_VOXELS * min(first.spacing_mm))
