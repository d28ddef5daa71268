"""Write a cohort of synthetic white-matter maps, half of them with a loss at known places."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.errors import UsageError
from monai_mri.files import write_whole
from monai_mri.manifest import make_sidecar, write_manifest
from monai_mri.phantom.cohort import LICENCE, MANIFEST_FILE
from monai_mri.phantom.output import (
    check_number,
    claim_folder,
    description,
    nifti_bytes,
    packed,
    progress_bar,
    stream,
)
from monai_mri.phantom.signal import SITES
from monai_mri.phantom.white_matter import (
    MEAN_ML,
    PLANTED,
    REGION_SPREAD,
    SHAPE,
    MapGrid,
    Plan,
    modulated_map,
    plan,
    set_regions,
)

TRUTH_FILE, REGIONS_FILE, REGION_TABLE = "truth.nii.gz", "regions.nii.gz", "regions.csv"
SUBJECT_TABLE = "participants.tsv"

_STUDY = 1
_SLOPE = 1e-4
_AGES = (20, 60)
_ML_A_YEAR, _ML_OF_MEN, _SHARE_OF_MEN, _ML_SPREAD = -0.8, 45.0, 0.4, 35.0
_LEAST_SHAPE, _LARGEST_SHAPE, _LARGEST_EFFECT = 16, 256, 4.0


def make_migraine_cohort(
    out: Path,
    *,
    subjects: int = 198,
    effect: float = 1.0,
    seed: int = 0,
    shape: Sequence[int] = SHAPE,
    progress: bool = True,
) -> Path:
    """Write synthetic modulated white-matter maps of people with migraine and controls, and a manifest.

    Each map is ``mwc2sub-001.nii``, int16 with a slope of 0.0001, on the grid of CAT12's 1.5 mm maps (axes
    L, A, S) or on a coarser one with its field of view. Labels take turns, `migraine` first, and three sites
    do. Age (20 to 60) and sex (40 % men) have nothing to do with the label and change the total volume:
    0.8 ml less a year, 45 ml more in men, and 35 ml of other spread around 500 ml.

    What is planted: the mean of a map over each of five regions (brain stem, corpus callosum, anterior
    cingulate, left and right parietal white matter) is ``m * (v + 0.06 * z - effect * s * migraine)``: m
    its mean in an average map, v the subject's total volume over 500 ml, z a standard normal number of the
    subject and region, s the standard deviation of ``v + 0.06 * z`` in either group. So `effect` is Cohen's
    d of the regional mean, controls minus migraine, in the population; a cohort of n subjects shows it with
    a standard error of about ``2 / sqrt(n)``, in part the same one in all regions, as they share the total
    volume.

    Beside the maps lie `truth.nii.gz` (1 in the planted regions), `regions.nii.gz` (`white_matter_regions`),
    `regions.csv` (label, name, planted) and `participants.tsv`. The same arguments give the same bytes, and
    subject n is the same in a cohort of any size.

    Args:
        out: folder to write; new, empty, or a cohort of this function, which is replaced.
        subjects: number of subjects, at least 1; half have migraine.
        effect: Cohen's d of each planted region's mean, 0 to 4; 0 = the null cohort: labels mean nothing.
        seed: any whole number of at least 0.
        shape: voxels along x, y, z, 16 to 256 each; a map takes two bytes a voxel, 4.2 MB by default.
        progress: show a bar where standard error is a terminal.

    Returns:
        Path of the manifest, ``<out>/manifest.csv``.

    Raises:
        UsageError: a parameter is out of range.
        DataError: the folder holds something else.
        ImageError: the installed nilearn lacks the MNI152 templates.

    Sources:
        Regions: Ng et al., ICANN 2018. Template: Fonov et al., NeuroImage 2011. Volumes are about those of
        Lesjak et al., Neuroinformatics 2017 (454 to 523 ml); the effects of age and sex are chosen.
    """
    cohort = _checked(subjects, effect, seed, shape)
    out = Path(out)
    claim_folder(out, "migraine", cohort.parameters)
    shared = plan(cohort.grid)
    rows = [
        _write_subject(out, index, cohort, shared)
        for index in progress_bar(range(subjects), visible=progress)
    ]
    _drop_subjects_after(out, subjects)
    _write_truth(out, shared)
    _write_table(out / SUBJECT_TABLE, [_participant(row) for row in rows], delimiter="\t")
    source = description("make_migraine_cohort", cohort.parameters)
    sidecar = make_sidecar(rows, folder=out, modalities=("white_matter",), source=source, licence=LICENCE)
    return write_manifest(out / MANIFEST_FILE, rows, sidecar=sidecar).path


@dataclass(frozen=True)
class _Cohort:
    """Checked parameters of a cohort."""

    subjects: int
    effect: float
    seed: int
    grid: MapGrid

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "subjects": self.subjects,
            "effect": self.effect,
            "seed": self.seed,
            "shape": list(self.grid.shape),
        }


@dataclass(frozen=True)
class _Person:
    """What is drawn of a subject before the image."""

    age: int
    sex: str
    volume: float
    regions: NDArray[np.float64]


def _checked(subjects: int, effect: float, seed: int, shape: Sequence[int]) -> _Cohort:
    check_number("subjects", subjects, least=1)
    check_number("effect", effect, least=0, most=_LARGEST_EFFECT)
    check_number("seed", seed, least=0)
    lengths = [int(n) for n in shape]
    if len(lengths) != 3 or not all(_LEAST_SHAPE <= n <= _LARGEST_SHAPE for n in lengths):
        raise UsageError(
            f"shape: {tuple(lengths)}, expected three numbers of {_LEAST_SHAPE} to {_LARGEST_SHAPE} voxels; "
            "correct it"
        )
    return _Cohort(int(subjects), float(effect), int(seed), MapGrid((lengths[0], lengths[1], lengths[2])))


def _person(rng: np.random.Generator) -> _Person:
    """Age, sex, total volume over the population's mean, and the spread of the planted regions."""
    age = int(rng.integers(_AGES[0], _AGES[1] + 1))
    man = bool(rng.random() < _SHARE_OF_MEN)
    volume_ml = MEAN_ML + _ML_A_YEAR * (age - np.mean(_AGES)) + _ML_OF_MEN * (man - _SHARE_OF_MEN)
    volume_ml += _ML_SPREAD * rng.standard_normal()
    regions = REGION_SPREAD * rng.standard_normal(len(PLANTED))
    return _Person(age, "M" if man else "F", float(volume_ml) / MEAN_ML, regions)


def regional_spread() -> float:
    """Standard deviation of a planted region's mean in either group, over its mean in an average map.

    >>> round(regional_spread(), 4)
    0.1039
    """
    years = _AGES[1] - _AGES[0] + 1
    age = _ML_A_YEAR**2 * (years**2 - 1) / 12
    sex = _ML_OF_MEN**2 * _SHARE_OF_MEN * (1 - _SHARE_OF_MEN)
    return float(np.sqrt((age + sex + _ML_SPREAD**2) / MEAN_ML**2 + REGION_SPREAD**2))


def _write_subject(out: Path, index: int, cohort: _Cohort, shared: Plan) -> dict[str, str]:
    """Make and write one map; returns the row of the manifest."""
    person = _person(stream(cohort.seed, _STUDY, index, 0))
    label = ("migraine", "control")[index % 2]
    loss = cohort.effect * regional_spread() if label == "migraine" else 0.0
    values = modulated_map(
        shared, volume_ml=person.volume * MEAN_ML, rng=stream(cohort.seed, _STUDY, index, 1)
    )
    values = set_regions(values, shared, shared.means * (person.volume + person.regions - loss))
    name = f"sub-{index + 1:03d}"
    file = f"mwc2{name}.nii"
    stored = np.clip(np.rint(values / _SLOPE), 0, np.iinfo(np.int16).max).astype(np.int16)
    write_whole(out / file, nifti_bytes(stored, cohort.grid.affine, slope=_SLOPE))
    return {
        "subject_id": name,
        "session_id": "",
        "site": SITES[index % len(SITES)].name,
        "white_matter": file,
        "label": label,
        "age": str(person.age),
        "sex": person.sex,
        "white_matter_ml": f"{stored.sum(dtype=np.int64) * _SLOPE * cohort.grid.voxel_ml:.2f}",
    }


def _participant(row: Mapping[str, str]) -> dict[str, str]:
    columns = ("site", "age", "sex", "white_matter_ml")
    return {"id": row["subject_id"], "group": row["label"], **{name: row[name] for name in columns}}


def _write_truth(out: Path, shared: Plan) -> None:
    """The mask of what is planted, the regions, and their names."""
    planted = np.isin(shared.labels, [shared.names[name] for name in PLANTED]).astype(np.uint8)
    affine = shared.grid.affine
    write_whole(out / TRUTH_FILE, packed(nifti_bytes(planted, affine)))
    write_whole(out / REGIONS_FILE, packed(nifti_bytes(shared.labels, affine)))
    rows = [
        {"label": str(number), "name": name, "planted": "yes" if name in PLANTED else "no"}
        for name, number in shared.names.items()
    ]
    _write_table(out / REGION_TABLE, rows)


def _write_table(path: Path, rows: Sequence[Mapping[str, str]], *, delimiter: str = ",") -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue().encode())


def _drop_subjects_after(out: Path, subjects: int) -> None:
    """Remove the maps of an older, larger cohort in the same folder."""
    for path in out.glob("mwc2sub-*.nii"):
        number = path.stem.removeprefix("mwc2sub-")
        if number.isdecimal() and int(number) > subjects:
            path.unlink()
