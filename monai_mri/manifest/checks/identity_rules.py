"""What in a manifest's files and names identifies a person, or shows a face."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from monai_mri.errors import ImageError
from monai_mri.manifest.checks.cohort import Cohort
from monai_mri.manifest.checks.facts import Depth
from monai_mri.manifest.checks.finding import Finding
from monai_mri.manifest.identity import face_fault, identity_faults, name_faults

BESIDE = (".json",)  # what converters write beside an image, under the same name


def identity_findings(cohort: Cohort, *, depth: Depth) -> Iterator[Finding]:
    """E801 to W806: names at depth "table", file headers and sidecars at "header", faces at "voxels"."""
    yield from name_faults(cohort.manifest)
    if depth == "table":
        return
    for (column, cell), subject in cohort.owners.items():
        if (column, cell) not in cohort.facts or (
            cohort.fact(column, cell).faults[:1] and not cohort.fact(column, cell).kind
        ):
            continue
        path = cohort.manifest.root / cell
        for file in (path, *_beside(path)):
            name = cell if file == path else cell.rpartition("/")[0] + "/" * ("/" in cell) + file.name
            for fault in identity_faults(file, where=name):
                yield Finding.of(fault, subject=subject, path=name)
        if depth == "voxels" and column != "mask" and cohort.fact(column, cell).kind == "nifti":
            yield from _face(cohort, column, cell, subject)


def _face(cohort: Cohort, column: str, cell: str, subject: str) -> Iterator[Finding]:
    from monai_mri.images.read import read_image

    if not cohort.fact(column, cell).readable:
        return
    try:
        picture = read_image(cohort.manifest.root / cell)
    except ImageError:  # said already, by the file itself
        return
    fault = face_fault(picture.array, spacing_mm=picture.spacing_mm, affine=picture.affine)
    if fault is not None:
        yield Finding.of(fault, subject=subject, path=cell)


def _beside(path: Path) -> list[Path]:
    stem = path.name.removesuffix(".gz").rpartition(".")[0]
    found = [path.with_name(stem + ending) for ending in BESIDE]
    return [file for file in found if file.is_file()]
