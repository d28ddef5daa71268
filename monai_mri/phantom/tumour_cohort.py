"""Write a cohort of synthetic brain tumour slices in three channels whose masks are known."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.files import write_whole
from monai_mri.manifest import make_sidecar, write_manifest
from monai_mri.phantom.cohort import LICENCE, MANIFEST_FILE
from monai_mri.phantom.grid import Grid
from monai_mri.phantom.output import check_number, claim_folder, description, progress_bar, stream
from monai_mri.phantom.tumour_patient import STUDY, Patient, make_patient, scan_grid

TUMOUR_FREE_SHARE = 0.05
LABELS = ("no_tumor", "tumor")
COPIED = "pre+post"

_ORDER_STREAM = 9
_STEPS = {"tumour-free": 2**0.5, "flair only": (5**0.5 - 1) / 2}


def make_tumour_cohort(
    out: Path,
    *,
    subjects: int = 110,
    effect: float = 1.0,
    seed: int = 0,
    slices: int = 24,
    image_size: int = 256,
    flair_only_share: float = 9 / 110,
    progress: bool = True,
) -> Path:
    """Write synthetic axial slices of patients with a lower-grade glioma, their masks and a manifest.

    A slice is ``sub-001/sub-001_01.tif``, 8 bits, three channels: T1 before contrast, FLAIR, T1 after
    contrast; its mask ``sub-001/sub-001_01_mask.tif``, 0 or 255, is FLAIR's hyperintensity. `slice_index`
    counts from the base of the skull to the top of the head; the front is at the top and the patient's right
    on the left of a picture. Slices are 118 mm / `slices` apart and at most 5 mm thick, a pixel is 240 mm /
    `image_size` wide (`phantom.json` says both), so that a volume can be put together again.

    Each patient is a random deformation of the MNI152 head. 95 % have one glioma of 11 to 68 ml in the
    template (the scan may end within it), anywhere in the brain but its stem and midline: bright on FLAIR,
    dark on T1, and in 55 % of them with a rim or nodules that take up contrast medium. In every head scalp,
    marrow and fat are bright, so are the caps of the ventricles on FLAIR, and vessels, sinuses and choroid
    plexus after contrast. Five institutions take turns, each with its own contrast, gain, gamma, noise and
    bias field. `label` is "tumor" where the mask has a pixel, else "no_tumor", and `copied_channels`
    "pre+post" for patients whose FLAIR stands in all three channels, as the layout `kaggle-lgg` has both. The
    same arguments give the same bytes, and patient n is the same in a cohort of any size.

    What a null cohort can reach: its pictures show how high in the head a slice lies, and nothing else that
    has to do with the label. Gliomas lie nearly as often in the lowest and topmost slices as in the middle:
    31 % of all slices have one, at no height less than 22 % or more than 40 % (600 patients, seeds 0 and 7,
    24 slices of 64 pixels). A rule that knows the height alone has an area under the ROC curve of 0.55 to
    0.57; no height has a glioma more often than not, so that no such rule is more accurate than "no_tumor"
    for all.

    Args:
        out: folder to write; new, empty, or a cohort of this function, which is replaced.
        subjects: number of patients, at least 1.
        effect: contrast of the gliomas in all channels, 0 to 3, 1 = as on real images; 0 = the null cohort:
            the same masks and labels, and no trace of a glioma in the images.
        seed: any whole number of at least 0.
        slices: slices of a patient, 4 to 118.
        image_size: pixels along the edges of a slice, 32 to 1024.
        flair_only_share: share of the patients who have FLAIR alone, 0 to 1.
        progress: show a bar where standard error is a terminal.

    Returns:
        Path of the manifest, ``<out>/manifest.csv``, one row a slice.

    Raises:
        UsageError: a parameter is out of range.
        DataError: the folder holds something else.
        ImageError: the installed nilearn lacks the MNI152 templates.

    Sources:
        Slices, channels, institutions and labels: Buda et al., Computers in Biology and Medicine 2019, as
        Pukančík, Classification and Segmentation of Brain MRI (2023) uses them; there 1,373 of 3,929 slices
        have a tumour and 9 of 110 patients lack a channel. Template: Fonov et al., NeuroImage 2011.
    """
    cohort = _Cohort(subjects, effect, seed, slices, image_size, flair_only_share)
    _check(cohort)
    out = Path(out)
    claim_folder(out, "tumour", cohort.parameters)
    _clear(out)
    rows: list[dict[str, str]] = []
    for index in progress_bar(range(subjects), visible=progress):
        rows += _write_patient(out, index, cohort)
    source = description("make_tumour_cohort", cohort.parameters)
    sidecar = make_sidecar(rows, folder=out, modalities=("image",), source=source, licence=LICENCE)
    return write_manifest(out / MANIFEST_FILE, rows, sidecar=sidecar).path


@dataclass(frozen=True)
class _Cohort:
    """Parameters of a cohort."""

    subjects: int
    effect: float
    seed: int
    slices: int
    image_size: int
    flair_only_share: float

    @property
    def grid(self) -> Grid:
        return scan_grid(slices=self.slices, image_size=self.image_size)

    @property
    def parameters(self) -> dict[str, Any]:
        return {**self.__dict__, "voxel_size_mm": [round(length, 4) for length in self.grid.voxel_size_mm]}


def _check(cohort: _Cohort) -> None:
    check_number("subjects", cohort.subjects, least=1)
    check_number("effect", cohort.effect, least=0, most=3)
    check_number("seed", cohort.seed, least=0)
    check_number("slices", cohort.slices, least=4, most=118)
    check_number("image_size", cohort.image_size, least=32, most=1024)
    check_number("flair_only_share", cohort.flair_only_share, least=0, most=1)


def belongs(what: str, *, share: float, index: int, seed: int) -> bool:
    """Whether a patient is one of a share of all: every prefix of a cohort has it to within two.

    Steps of an irrational length around a circle hit a part of it as often as it is long, whatever their
    number, and keep no time with the institutions, which take turns.

    Args:
        what: "tumour-free" or "flair only".
        share: of all patients, 0 to 1.
        index: the patient's number from 0.
        seed: of the cohort.
    """
    start = stream(seed, STUDY, 0, _ORDER_STREAM).random(len(_STEPS))[list(_STEPS).index(what)]
    return bool((start + index * _STEPS[what]) % 1 < share)


def _write_patient(out: Path, index: int, cohort: _Cohort) -> list[dict[str, str]]:
    """Make and write one patient; returns a row for each slice."""
    patient = make_patient(
        index,
        seed=cohort.seed,
        effect=cohort.effect,
        grid=cohort.grid,
        tumour=not belongs("tumour-free", share=TUMOUR_FREE_SHARE, index=index, seed=cohort.seed),
    )
    copied = ""
    if belongs("flair only", share=cohort.flair_only_share, index=index, seed=cohort.seed):
        copied = COPIED
        patient.image[...] = patient.image[..., 1:2].copy()
    name = f"sub-{index + 1:03d}"
    return [
        _write_slice(out, name, number, patient) | {"copied_channels": copied}
        for number in range(cohort.slices)
    ]


def _write_slice(out: Path, name: str, number: int, patient: Patient) -> dict[str, str]:
    """Write one slice and its mask; returns its row, but for what belongs to the patient."""
    mask = patient.mask[number]
    stem = f"{name}/{name}_{number + 1:02d}"
    paths = {"image": f"{stem}.tif", "mask": f"{stem}_mask.tif"}
    write_whole(out / paths["image"], _tiff(patient.image[number]))
    write_whole(out / paths["mask"], _tiff(mask.astype(np.uint8) * np.uint8(255)))
    return {
        "subject_id": name,
        "session_id": "",
        "site": patient.site,
        **paths,
        "label": LABELS[bool(mask.any())],
        "slice_index": str(number + 1),
        "copied_channels": "",
    }


def _tiff(pixels: NDArray[np.uint8]) -> bytes:
    """A compressed TIFF file; its bytes depend on nothing but the pixels."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="TIFF", compression="tiff_lzw")
    return buffer.getvalue()


def _clear(out: Path) -> None:
    """Remove the slices of an older cohort in the same folder."""
    for path in sorted(out.glob("sub-*/sub-*.tif")):
        path.unlink()
    for folder in sorted(out.glob("sub-*")):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
