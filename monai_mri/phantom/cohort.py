"""Write a cohort of synthetic FLAIR volumes with plaques whose masks are known."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.errors import DataError, UsageError
from monai_mri.files import write_whole
from monai_mri.manifest import make_sidecar, write_manifest
from monai_mri.phantom.grid import Grid
from monai_mri.phantom.subject import make_subject

PARAMETERS_FILE = "phantom.json"
MANIFEST_FILE = "manifest.csv"

LICENCE = (
    "Derived from the ICBM 152 nonlinear symmetric atlas, version 2009, as nilearn distributes it: "
    "Copyright (C) 1993-2009 Louis Collins, McConnell Brain Imaging Centre, Montreal Neurological Institute, "
    "McGill University; use, copying, modification and distribution are permitted with this notice."
)

_VOXEL_RANGE_MM = (0.5, 50.0)
_LARGEST_MM = 400.0


def make_plaque_cohort(
    out: Path,
    *,
    subjects: int = 20,
    effect: float = 1.0,
    seed: int = 0,
    voxel_size_mm: Sequence[float] = (1.0, 1.0, 4.0),
    shape_mm: Sequence[float] | None = None,
    progress: bool = True,
) -> Path:
    """Write synthetic FLAIR volumes of patients with multiple sclerosis, their plaque masks and a manifest.

    Each patient is a random deformation of the MNI152 head with plaques beside the ventricles, at the cortex,
    in deep white matter and below the tentorium; skull, scalp, orbits and sinuses are as bright. Files are
    ``sub-001/sub-001_flair.nii.gz`` (int16) and ``sub-001/sub-001_plaques.nii.gz`` (uint8, 1 where at least
    half of the voxel is plaque) in MNI space, axes R, A, S. The same arguments give the same bytes, and
    patient n is the same in a cohort of any size.

    Args:
        out: folder to write; new, empty, or a cohort of this function, which is replaced.
        subjects: number of patients, at least 1; three sites take turns.
        effect: contrast of plaques to white matter, 1 = as on real FLAIR (about 1.4 times white matter);
            0 = the null cohort: the same masks, and no trace of a plaque in the images.
        seed: any whole number of at least 0.
        voxel_size_mm: three voxel edges, 0.5 to 50 mm, as in clinical scans by default.
        shape_mm: field of view around the centre of the head; by default all of it, 192 x 230 x 170 mm.
        progress: show a bar where standard error is a terminal.

    Returns:
        Path of the manifest, ``<out>/manifest.csv``; its sidecar says that and how the images were made.

    Raises:
        UsageError: a parameter is out of range.
        DataError: the folder holds something else.
        ImageError: the installed nilearn lacks the MNI152 templates.

    Sources:
        Templates: Fonov et al., NeuroImage 2011. Distractors: Stasiak et al., BIOSTEC 2017, section 5.
        Number, size and contrast of plaques: Lesjak et al., Neuroinformatics 2017; see `plaques`.
    """
    cohort = _checked(subjects, effect, seed, voxel_size_mm, shape_mm)
    out = Path(out)
    _claim(out, cohort)
    rows = []
    for index in _bar(range(cohort.subjects), visible=progress):
        rows.append(_write_subject(out, index, cohort))
    _drop_subjects_after(out, cohort.subjects)
    sidecar = make_sidecar(
        rows, folder=out, modalities=("flair",), source=cohort.description, licence=LICENCE
    )
    return write_manifest(out / MANIFEST_FILE, rows, sidecar=sidecar).path


@dataclass(frozen=True)
class _Cohort:
    """Checked parameters of a cohort."""

    subjects: int
    effect: float
    seed: int
    grid: Grid

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "subjects": self.subjects,
            "effect": self.effect,
            "seed": self.seed,
            "voxel_size_mm": list(self.grid.voxel_size_mm),
            "shape_mm": list(self.grid.extent_mm),
        }

    @property
    def description(self) -> str:
        settings = ", ".join(f"{name} {value}" for name, value in self.parameters.items())
        return (
            "Synthetic: made by monai_mri.phantom.make_plaque_cohort on MNI152 anatomy, shows no person; "
            f"{settings}."
        )


def _checked(
    subjects: int,
    effect: float,
    seed: int,
    voxel_size_mm: Sequence[float],
    shape_mm: Sequence[float] | None,
) -> _Cohort:
    if subjects < 1:
        raise UsageError(f"subjects: {subjects}, expected at least 1; ask for more")
    if not (np.isfinite(effect) and effect >= 0):
        raise UsageError(
            f"effect: {effect}, expected a finite number of at least 0; 1 is realistic, 0 is none"
        )
    if seed < 0:
        raise UsageError(f"seed: {seed}, expected a whole number of at least 0; choose another")
    voxels = _three_lengths("voxel_size_mm", voxel_size_mm, *_VOXEL_RANGE_MM)
    shape = None if shape_mm is None else _three_lengths("shape_mm", shape_mm, max(voxels), _LARGEST_MM)
    return _Cohort(int(subjects), float(effect), int(seed), Grid.covering(voxels, shape))


def _three_lengths(name: str, lengths_mm: Sequence[float], least: float, most: float) -> list[float]:
    lengths = [float(length) for length in lengths_mm]
    if len(lengths) != 3 or not all(least <= length <= most for length in lengths):
        raise UsageError(
            f"{name}: {tuple(lengths)}, expected three lengths of {least:g} to {most:g} mm; correct it"
        )
    return lengths


def _claim(out: Path, cohort: _Cohort) -> None:
    """Make the folder ours: refuse another's, take away an older cohort's manifest, note the parameters.

    A run that is broken off leaves the note without a manifest, so that it can be started again.
    """
    if out.exists() and not out.is_dir():
        raise DataError(f"{out}: a file, expected a folder; choose another path")
    if out.is_dir() and any(out.iterdir()) and not (out / PARAMETERS_FILE).is_file():
        raise DataError(
            f"{out}: not empty and not a phantom cohort (no {PARAMETERS_FILE}), "
            "expected a new or empty folder; choose another one"
        )
    out.mkdir(parents=True, exist_ok=True)
    for path in (out / MANIFEST_FILE, (out / MANIFEST_FILE).with_suffix(".json")):
        path.unlink(missing_ok=True)
    note = json.dumps({"made_by": "monai_mri.phantom", **cohort.parameters}, indent=2)
    write_whole(out / PARAMETERS_FILE, f"{note}\n".encode())


def _write_subject(out: Path, index: int, cohort: _Cohort) -> dict[str, str]:
    """Make and write one patient; returns the row of the manifest."""
    subject = make_subject(index, seed=cohort.seed, effect=cohort.effect, grid=cohort.grid)
    name = f"sub-{index + 1:03d}"
    paths = {"flair": f"{name}/{name}_flair.nii.gz", "mask": f"{name}/{name}_plaques.nii.gz"}
    (out / name).mkdir(exist_ok=True)
    write_whole(out / paths["flair"], _nifti(subject.flair, cohort.grid))
    write_whole(out / paths["mask"], _nifti(subject.mask.astype(np.uint8), cohort.grid))
    return {"subject_id": name, "session_id": "", "site": subject.site, **paths}


def _nifti(voxels: NDArray[Any], grid: Grid) -> bytes:
    """A compressed NIfTI file in MNI space; its bytes depend on nothing but the arguments."""
    import nibabel

    image: Any = nibabel.Nifti1Image(voxels, grid.affine)
    image.set_sform(grid.affine, code="mni")
    image.set_qform(grid.affine, code="mni")
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = b"synthetic, monai_mri.phantom"
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=1, mtime=0) as file:
        file.write(image.to_bytes())
    return packed.getvalue()


def _drop_subjects_after(out: Path, subjects: int) -> None:
    """Remove the patients of an older, larger cohort in the same folder."""
    for folder in out.glob("sub-*"):
        number = folder.name.removeprefix("sub-")
        if number.isdecimal() and int(number) > subjects:
            for kind in ("flair", "plaques"):
                (folder / f"{folder.name}_{kind}.nii.gz").unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()


def _bar(indices: range, *, visible: bool) -> Any:
    """The indices under a progress bar, which hides itself where standard error is no terminal."""
    from tqdm import tqdm

    return tqdm(indices, desc="phantom", unit="subject", disable=None if visible else True)
