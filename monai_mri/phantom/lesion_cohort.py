"""Write a cohort of synthetic MS lesions: patches of FLAIR, QSM and mask, with the class that QSM shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.errors import UsageError
from monai_mri.files import write_whole
from monai_mri.manifest import make_sidecar, write_manifest
from monai_mri.phantom.cohort import LICENCE, MANIFEST_FILE
from monai_mri.phantom.grid import Grid
from monai_mri.phantom.lesion_kinds import PAPER_COUNTS
from monai_mri.phantom.lesion_patient import Box, Footprint, Patient
from monai_mri.phantom.output import (
    check_number,
    claim_folder,
    description,
    nifti_bytes,
    packed,
    progress_bar,
)

PATCH_FOLDER, SCAN_FOLDER = "patches", "scans"
QSM_SLOPE_PPM = 1e-4

_FOLDERS = (PATCH_FOLDER, SCAN_FOLDER)


def make_lesion_cohort(  # noqa: PLR0913 - one for each setting
    out: Path,
    *,
    patients: int = 40,
    lesions_per_patient: float = 20,
    effect: float = 1.0,
    seed: int = 0,
    patch_size: int = 35,
    voxel_size_mm: float = 1.0,
    classes: Mapping[str, float] = PAPER_COUNTS,
    volumes: bool = False,
    progress: bool = True,
) -> Path:
    """Write patches of synthetic MS lesions with FLAIR, QSM (ppm) and mask, and a manifest.

    Each patient is a random deformation of the MNI152 brain (extracted: 0 outside) with lesions in white
    matter, bright on FLAIR. The label is the class that QSM shows: 1 unclassified (a patchwork of two or
    three of the others, as merged lesions are), 2 isointense, 3 paramagnetic rim, 4 hypointense rim, 5
    hyperintense, 6 hypointense. Shape, size and FLAIR are drawn without a look at the class, so FLAIR and
    mask can tell it only through the patient: noise, grain, contrasts and the offset of QSM are a patient's
    own, and so are the shares of the classes. A split by lesion leaks that; a split by patient does not.
    Veins are as bright on QSM as rims, in and beside lesions of every class.

    Files: ``patches/sub-001/sub-001_lesion-001_flair.nii.gz`` (int16), ``…_qsm.nii.gz`` (int16, slope 0.0001
    ppm), ``…_mask.nii.gz`` (uint8, the lesion in the centre alone), axes R, A, S. The lesion's centre of mass
    lies in voxel ``patch_size // 2``. With `volumes`, also ``scans/sub-001/sub-001_flair.nii.gz``, ``_qsm``
    and ``_lesions`` (the class in each voxel): the layout `lesion-patches` cuts the same patches out of them.
    The same arguments give the same bytes, and patient n is the same in a cohort of any size.

    Args:
        out: folder to write; new, empty, or a cohort of this function, which is replaced.
        patients: number of patients, at least 1; three sites take turns. 115 in the paper.
        lesions_per_patient: mean number of lesions, 1 to 80; patients differ (log-normal, 0.4). 46 in the
            paper. Where a brain has no room left, a patient gets fewer.
        effect: scales what QSM shows of the class, 0 to 5; 0 = the null cohort: QSM says nothing of it.
        seed: any whole number of at least 0.
        patch_size: voxels along an edge, 8 to 96.
        voxel_size_mm: edge of a voxel, 0.7 to 4; rims are 1.6 mm wide and fade in larger ones.
        classes: share of each class to expect, in any unit; the paper's counts by default. Leave classes
            out to have others more often.
        volumes: write the full volumes, too; at 1 mm about 6 MB and 3 s a patient.
        progress: show a bar where standard error is a terminal.

    Returns:
        Path of the manifest, ``<out>/manifest.csv``, one row a lesion.

    Raises:
        UsageError: a parameter is out of range.
        DataError: the folder holds something else.
        ImageError: the installed nilearn lacks the MNI152 templates.

    Sources:
        Classes and counts: Šišić, Neural Network Based Classification of Brain Lesions, Table 1. Template:
        Fonov et al., NeuroImage 2011.
    """
    cohort = _Cohort(
        patients, lesions_per_patient, effect, seed, patch_size, voxel_size_mm, dict(classes), volumes
    )
    _check(cohort)
    out = Path(out)
    claim_folder(out, "lesion", cohort.parameters)
    _clear(out)
    rows: list[dict[str, str]] = []
    for index in progress_bar(range(patients), visible=progress):
        rows += _write_patient(out, index, cohort)
    source = description("make_lesion_cohort", cohort.parameters)
    sidecar = make_sidecar(rows, folder=out, modalities=("flair", "qsm"), source=source, licence=LICENCE)
    return write_manifest(out / MANIFEST_FILE, rows, sidecar=sidecar).path


@dataclass(frozen=True)
class _Cohort:
    """Parameters of a cohort."""

    patients: int
    lesions_per_patient: float
    effect: float
    seed: int
    patch_size: int
    voxel_size_mm: float
    classes: dict[str, float]
    volumes: bool

    @property
    def parameters(self) -> dict[str, Any]:
        return dict(self.__dict__)

    @property
    def grid(self) -> Grid:
        return Grid.covering((self.voxel_size_mm,) * 3)


def _check(cohort: _Cohort) -> None:
    check_number("patients", cohort.patients, least=1)
    check_number("lesions_per_patient", cohort.lesions_per_patient, least=1, most=80)
    check_number("effect", cohort.effect, least=0, most=5)
    check_number("seed", cohort.seed, least=0)
    check_number("patch_size", cohort.patch_size, least=8, most=96)
    check_number("voxel_size_mm", cohort.voxel_size_mm, least=0.7, most=4)
    shares = cohort.classes
    known = set(shares) <= set(PAPER_COUNTS)
    if not (shares and known and all(np.isfinite(n) and n > 0 for n in shares.values())):
        raise UsageError(
            f"classes: {shares}, expected shares above 0 of some of {', '.join(PAPER_COUNTS)}; correct it"
        )


def _write_patient(out: Path, index: int, cohort: _Cohort) -> list[dict[str, str]]:
    """Make and write one patient; returns a row for each lesion."""
    patient = Patient(
        index,
        seed=cohort.seed,
        effect=cohort.effect,
        lesions=cohort.lesions_per_patient,
        classes=cohort.classes,
        grid=cohort.grid,
    )
    name = f"sub-{index + 1:03d}"
    if cohort.volumes:
        _write_volumes(out / SCAN_FOLDER / name, name, patient)
    return [
        _write_patch(out, f"{PATCH_FOLDER}/{name}/{name}_lesion-{number:03d}", number, patient, cohort)
        | {"subject_id": name, "site": patient.site.name, "scan_id": name}
        for number in range(1, len(patient.footprints) + 1)
    ]


def _write_patch(out: Path, stem: str, number: int, patient: Patient, cohort: _Cohort) -> dict[str, str]:
    """Cut one lesion out and write it; returns its row, but for what belongs to the patient."""
    one = patient.footprints[number - 1]
    start = one.middle - cohort.patch_size // 2
    box = patient.box(start, (cohort.patch_size,) * 3)
    affine = cohort.grid.affine
    affine[:3, 3] += np.asarray(cohort.grid.voxel_size_mm) * start
    mask = (box.lesions == number).astype(np.uint8)
    _write_images(out, stem, box, affine, last="mask", numbers=mask)
    voxels = int(one.mask.sum())
    centre = dict(
        zip(("centre_r_mm", "centre_a_mm", "centre_s_mm"), _centre_mm(one, cohort.grid), strict=True)
    )
    return {
        "subject_id": "",
        "session_id": "",
        "site": "",
        **{kind: f"{stem}_{kind}.nii.gz" for kind in ("flair", "qsm", "mask")},
        "label": one.lesion.label,
        "lesion_id": str(number),
        "scan_id": "",
        "voxels": str(voxels),
        "volume_ml": f"{voxels * float(np.prod(cohort.grid.voxel_size_mm)) / 1000:.6g}",
        **{name: f"{value:.2f}" for name, value in centre.items()},
    }


def _write_volumes(folder: Path, name: str, patient: Patient) -> None:
    """Write FLAIR, QSM and the class of each voxel over the whole head."""
    grid = patient.grid
    box = patient.box((0, 0, 0), grid.shape)
    labels = np.array([0, *(int(one.lesion.label) for one in patient.footprints)], dtype=np.uint8)
    _write_images(folder, name, box, grid.affine, last="lesions", numbers=labels[box.lesions])


def _write_images(
    folder: Path, stem: str, box: Box, affine: NDArray[np.float64], *, last: str, numbers: NDArray[np.uint8]
) -> None:
    limits = np.iinfo(np.int16)
    flair, qsm = (
        np.clip(np.rint(values), limits.min, limits.max).astype(np.int16)
        for values in (box.flair, box.qsm / np.float32(QSM_SLOPE_PPM))
    )
    write_whole(folder / f"{stem}_flair.nii.gz", packed(nifti_bytes(flair, affine)))
    write_whole(folder / f"{stem}_qsm.nii.gz", packed(nifti_bytes(qsm, affine, slope=QSM_SLOPE_PPM)))
    write_whole(folder / f"{stem}_{last}.nii.gz", packed(nifti_bytes(numbers, affine)))


def _centre_mm(one: Footprint, grid: Grid) -> NDArray[np.float64]:
    centre: NDArray[np.float64] = (grid.affine @ [*one.middle, 1])[:3]
    return centre


def _clear(out: Path) -> None:
    """Remove the patches and scans of an older cohort in the same folder."""
    for folder in (out / name for name in _FOLDERS):
        for path in sorted(folder.glob("sub-*/sub-*.nii.gz")):
            path.unlink()
        for path in sorted(folder.glob("sub-*")):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
