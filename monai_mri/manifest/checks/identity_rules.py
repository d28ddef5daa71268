"""What in a manifest's files and names identifies a person, or shows a face."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from monai_mri.errors import ImageError
from monai_mri.faults import Fault
from monai_mri.manifest.checks.cohort import Cohort
from monai_mri.manifest.checks.facts import Depth
from monai_mri.manifest.checks.finding import Finding
from monai_mri.manifest.identity import face_fault, identity_faults, name_faults

BESIDE = (".json", ".bval", ".bvec", ".txt")  # what converters write beside an image, under its name


def identity_findings(cohort: Cohort, *, depth: Depth, jobs: int | None = None) -> Iterator[Finding]:
    """E801 to W807: names at depth "table", headers and what lies beside at "header", faces at "voxels".

    Files that could not be opened are left out: that is said already. `jobs` files are read at once.
    """
    yield from name_faults(cohort.manifest)
    if depth == "table":
        return
    files = [name for name in cohort.owners if cohort.fact(*name).kind]

    def look(name: tuple[str, str]) -> list[Finding]:
        return list(_of_file(cohort, *name, faces=depth == "voxels"))

    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        for found in pool.map(look, files):
            yield from found


def _of_file(cohort: Cohort, column: str, cell: str, *, faces: bool) -> Iterator[Finding]:
    path, subject = cohort.manifest.root / cell, cohort.owners[column, cell]
    for file in (path, *_beside(path, cohort.manifest.root)):
        name = str(Path(cell).with_name(file.name).as_posix())
        try:
            faults = identity_faults(file, where=name)
        except OSError as error:
            faults = [
                Fault("E106", name, str(error.strerror or error), "a readable file", "check its rights")
            ]
        yield from (Finding.of(fault, subject=subject, path=name) for fault in faults)
    fact = cohort.fact(column, cell)
    if faces and column != "mask" and fact.kind == "nifti" and fact.readable:
        yield from _face(path, cell, subject)


def _face(path: Path, cell: str, subject: str) -> Iterator[Finding]:
    from monai_mri.images.read import read_image

    try:
        picture = read_image(path)
    except ImageError:  # 4D, or a fault that the file has told already
        return
    fault = face_fault(picture.array, picture.spacing_mm, picture.affine)
    if fault is not None:
        yield Finding.of(fault, subject=subject, path=cell)


def _beside(path: Path, root: Path) -> list[Path]:
    """Files of the image's name with other endings, none that a link leads out of the root."""
    stem = path.name.removesuffix(".gz").rpartition(".")[0]
    found = [path.with_name(stem + ending) for ending in BESIDE]
    inside = root.resolve()
    return [file for file in found if file.is_file() and file.resolve().is_relative_to(inside)]
