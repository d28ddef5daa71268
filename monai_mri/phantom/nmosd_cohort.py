"""Write a cohort of synthetic patients with NMOSD or MS: FLAIR and lesions, whose places differ as asked."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monai_mri.files import write_whole
from monai_mri.manifest import make_sidecar, write_manifest
from monai_mri.phantom.anatomy import Anatomy, load_anatomy
from monai_mri.phantom.cohort import LICENCE, MANIFEST_FILE
from monai_mri.phantom.nmosd_lesions import Lesion, Maps
from monai_mri.phantom.nmosd_masks import read_lesion_masks
from monai_mri.phantom.nmosd_patient import draw_person, label_of, make_scan
from monai_mri.phantom.nmosd_places import ms_map, nmosd_map
from monai_mri.phantom.output import (
    check_number,
    claim_folder,
    description,
    nifti_bytes,
    packed,
    progress_bar,
)

MAP_FILES = {"MS": "truth_ms.nii.gz", "NMOSD": "truth_nmosd.nii.gz"}
LESION_TABLE = "truth_lesions.csv"

_COARSE_MM = 2.0
_STEPS = 10000


def make_nmosd_cohort(  # noqa: PLR0913 - one for each setting
    out: Path,
    *,
    subjects: int = 88,
    effect: float = 1.0,
    seed: int = 0,
    overlap: float = 0.5,
    nmosd_share: float = 41 / 88,
    voxel_size_mm: float = 1.5,
    lesion_masks: Path | None = None,
    progress: bool = True,
) -> Path:
    """Write FLAIR scans of synthetic patients with NMOSD or MS, their lesion maps and a manifest.

    Every scan is a whole head, a random deformation of MNI152, in a field of view of its own; half are stored
    as sagittal slices. Outside the head is noise. Files are ``sub-001/sub-001_flair.nii.gz`` (int16) and
    ``sub-001/sub-001_lesions.nii.gz`` (uint8, 1 where at least half of the voxel is lesion), in MNI space but
    for the deformation.

    What is planted: the place of lesions, and nothing else. All lesions of MS lie where the MS map says, and
    ``effect * (1 - overlap)`` of those of NMOSD where the NMOSD map says, on average: patients differ, some
    have nearly all there and some nearly none (a beta law with a + b = 2; even from 0 to 1 where the mean is
    0.5), as only about half of patients with NMOSD have typical lesions. Lesions of both are grown by the
    same code; their number, size, edge and contrast, and the head, field of view, noise, site, age and sex
    are drawn without a look at the class. What follows from the place (how lesions lie, how many merge,
    how much grey matter they hold) differs with it.

    Beside the scans lie `truth_ms.nii.gz` and `truth_nmosd.nii.gz` (the two maps in MNI space, 1/ml) and
    `truth_lesions.csv` (each lesion's place in MNI mm, volume, and the map it is from). The same arguments
    give the same bytes, and patient n is the same in a cohort of any size.

    Args:
        out: folder to write; new, empty, or a cohort of this function, which is replaced.
        subjects: number of patients, at least 1.
        effect: scales what differs, 0 to 1; 0 = the null cohort: labels mean nothing.
        seed: any whole number of at least 0.
        overlap: share of an average NMOSD patient's lesions that are placed by the MS map at effect 1, 0 to
            1; 1 = the classes differ in nothing.
        nmosd_share: share of patients with NMOSD, 0 to 1; every prefix of the cohort has it to within one.
        voxel_size_mm: edge of a voxel, 1 to 5 mm. From 2 mm on the template is used at 2 mm.
        lesion_masks: folder of real MS masks in MNI space; then the MS map is their smoothed density and the
            sizes of all lesions, of both classes, are those of their components. None = a synthetic map.
        progress: show a bar where standard error is a terminal.

    Returns:
        Path of the manifest, ``<out>/manifest.csv``.

    Raises:
        UsageError: a parameter is out of range.
        DataError: the folder holds something else, or `lesion_masks` holds no mask in MNI space.
        ImageError: a mask cannot be read, or the installed nilearn lacks the MNI152 templates.

    Sources:
        Setting: 41 patients with NMOSD and 47 with MS, matched for age and sex; the study that
        `bundles/nmosd` follows. Places: see `nmosd_places`. Template: Fonov et al., NeuroImage 2011.
    """
    cohort = _Cohort(subjects, effect, seed, overlap, nmosd_share, voxel_size_mm)
    cohort.check()
    anatomy = load_anatomy(step_mm=2 if voxel_size_mm >= _COARSE_MM else 1)
    maps, masks = _maps(anatomy, lesion_masks)
    parameters = {**cohort.__dict__, "lesion_masks": f"{masks} real masks" if masks else "none"}
    out = Path(out)
    claim_folder(out, "nmosd", parameters)
    _clear(out)
    rows, lesions = [], []
    for index in progress_bar(range(subjects), visible=progress):
        row, found = _write_patient(out, index, cohort, anatomy, maps)
        rows.append(row)
        lesions += found
    _write_truth(out, anatomy, maps, lesions)
    source = description("make_nmosd_cohort", parameters)
    licence = LICENCE + (
        " Places and sizes of lesions follow the masks given; heed their licence." * bool(masks)
    )
    sidecar = make_sidecar(rows, folder=out, modalities=("flair",), source=source, licence=licence)
    return write_manifest(out / MANIFEST_FILE, rows, sidecar=sidecar).path


@dataclass(frozen=True)
class _Cohort:
    """Parameters of a cohort."""

    subjects: int
    effect: float
    seed: int
    overlap: float
    nmosd_share: float
    voxel_size_mm: float

    def check(self) -> None:
        """Raise a UsageError unless all are in range."""
        check_number("subjects", self.subjects, least=1)
        check_number("effect", self.effect, least=0, most=1)
        check_number("seed", self.seed, least=0)
        check_number("overlap", self.overlap, least=0, most=1)
        check_number("nmosd_share", self.nmosd_share, least=0, most=1)
        check_number("voxel_size_mm", self.voxel_size_mm, least=1, most=5)

    def typical(self, label: str) -> float:
        """Mean share of lesions placed by the NMOSD map."""
        return self.effect * (1 - self.overlap) if label == "NMOSD" else 0.0


def _maps(anatomy: Anatomy, lesion_masks: Path | None) -> tuple[Maps, int]:
    """The maps, and how many real masks they come from."""
    if lesion_masks is None:
        return Maps(ms_map(anatomy), nmosd_map(anatomy)), 0
    real = read_lesion_masks(Path(lesion_masks), anatomy)
    return Maps(real.places, nmosd_map(anatomy), real.volumes_ml), real.masks


def _write_patient(
    out: Path, index: int, cohort: _Cohort, anatomy: Anatomy, maps: Maps
) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Make and write one patient; returns the row of the manifest and those of the lesions."""
    label, person = label_of(index, cohort.nmosd_share), draw_person(index, seed=cohort.seed)
    scan = make_scan(
        index,
        seed=cohort.seed,
        typical=cohort.typical(label),
        anatomy=anatomy,
        maps=maps,
        voxel_size_mm=cohort.voxel_size_mm,
    )
    name = f"sub-{index + 1:03d}"
    paths = {"flair": f"{name}/{name}_flair.nii.gz", "mask": f"{name}/{name}_lesions.nii.gz"}
    for kind, voxels in (("flair", scan.flair), ("mask", scan.mask.astype(np.uint8))):
        write_whole(out / paths[kind], packed(nifti_bytes(*scan.grid.stored(voxels))))
    about = {"label": label, "age": str(person.age), "sex": person.sex}
    row = {"subject_id": name, "session_id": "", "site": person.site.name, **paths, **about}
    return row, [_lesion_row(name, number, lesion) for number, lesion in enumerate(scan.lesions, start=1)]


def _lesion_row(name: str, number: int, lesion: Lesion) -> dict[str, str]:
    r, a, s = (f"{value:.1f}" for value in lesion.shape.centre_mm)
    return {
        "subject_id": name,
        "lesion_id": str(number),
        "map": "NMOSD" if lesion.typical else "MS",
        "volume_ml": f"{lesion.volume_ml:.4f}",
        "centre_r_mm": r,
        "centre_a_mm": a,
        "centre_s_mm": s,
    }


def _write_truth(out: Path, anatomy: Anatomy, maps: Maps, lesions: Sequence[dict[str, str]]) -> None:
    """The two maps and the table of lesions."""
    affine = np.diag([float(anatomy.step_mm)] * 3 + [1.0])
    affine[:3, 3] = anatomy.origin_mm
    for label, places in (("MS", maps.ms), ("NMOSD", maps.nmosd)):
        density = places.density(anatomy.wm.shape) * (1000 / anatomy.step_mm**3)
        slope = float(density.max()) / _STEPS
        stored = np.rint(density / slope).astype(np.int16)
        write_whole(out / MAP_FILES[label], packed(nifti_bytes(stored, affine, slope=slope)))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(lesions[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lesions)
    write_whole(out / LESION_TABLE, text.getvalue().encode())


def _clear(out: Path) -> None:
    """Remove the scans of an older cohort in the same folder."""
    for folder in out.glob("sub-*"):
        for kind in ("flair", "lesions"):
            (folder / f"{folder.name}_{kind}.nii.gz").unlink(missing_ok=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
