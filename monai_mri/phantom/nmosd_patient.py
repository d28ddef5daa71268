"""One synthetic patient with NMOSD or MS: who it is, and a FLAIR scan of the whole head with its lesions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.anatomy import Anatomy
from monai_mri.phantom.deform import Deformation
from monai_mri.phantom.nmosd_lesions import Lesion, Maps, draw_lesions, grow_lesions
from monai_mri.phantom.nmosd_scan import ScanGrid
from monai_mri.phantom.output import stream
from monai_mri.phantom.signal import SITES, Site, scan
from monai_mri.phantom.subject import _healthy_head, _sample

LABELS = ("MS", "NMOSD")

_STUDY = 5
_MEAN_AGE, _AGE_SD, _AGES, _SHARE_OF_WOMEN = 42.0, 12.0, (18, 72), 0.8
_SPREAD = 2.0


@dataclass(frozen=True)
class Person:
    """What is drawn of a patient before the scan; nothing of it knows the class."""

    age: int
    sex: str
    site: Site


@dataclass(frozen=True, eq=False)
class Scan:
    """A patient's scan.

    Attributes:
        flair: intensities, int16, axes R, A, S.
        mask: True where at least half of a voxel is lesion, same shape.
        grid: their voxels.
        lesions: the lesions, in MNI space.
    """

    flair: NDArray[np.int16]
    mask: NDArray[np.bool_]
    grid: ScanGrid
    lesions: list[Lesion]


def label_of(index: int, nmosd_share: float) -> str:
    """Class of the patient of an index; every prefix of a cohort has the share to within one patient.

    >>> sum(label_of(index, 41 / 88) == "NMOSD" for index in range(88))
    41
    """
    before, after = (np.floor(number * nmosd_share + 0.5) for number in (index, index + 1))
    return LABELS[int(after > before)]


def draw_person(index: int, *, seed: int) -> Person:
    """Age, sex and site of the patient of an index."""
    rng = stream(seed, _STUDY, index, 0)
    age = int(np.clip(np.rint(rng.normal(_MEAN_AGE, _AGE_SD)), *_AGES))
    sex = "F" if rng.random() < _SHARE_OF_WOMEN else "M"
    return Person(age, sex, SITES[rng.integers(len(SITES))])


def typical_share(mean: float, quantile: float) -> float:
    """Share of typical lesions in a patient with NMOSD: a beta law, even from 0 to 1 where its mean is 0.5.

    >>> typical_share(0.0, 0.7), typical_share(0.5, 0.25), typical_share(1.0, 0.7)
    (0.0, 0.25, 1.0)
    """
    from scipy.special import betaincinv

    if not 0 < mean < 1:
        return float(mean)
    return float(betaincinv(_SPREAD * mean, _SPREAD * (1 - mean), quantile))


def make_scan(
    index: int, *, seed: int, typical: float, anatomy: Anatomy, maps: Maps, voxel_size_mm: float
) -> Scan:
    """The scan of the patient of an index, whatever the size of the cohort.

    Position, shape, tissue, lesions and noise come from independent streams, so that lesions move nothing
    else.

    Args:
        index: number of the patient, from 0.
        seed: of the cohort.
        typical: mean share, 0 to 1, of lesions placed by the NMOSD map; 0 for MS.
        anatomy: the template.
        maps: where lesions may lie.
        voxel_size_mm: edge of a voxel.
    """
    place, shape, tissue, many, noise, share = (stream(seed, _STUDY, index, part) for part in range(1, 7))
    grid = ScanGrid.drawn(place, voxel_size_mm)
    own_share = typical_share(typical, share.random())
    lesions = draw_lesions(anatomy, maps, many, typical=own_share)
    occupancy, added = grow_lesions(anatomy, lesions)
    site = draw_person(index, seed=seed).site
    signal = _healthy_head(anatomy, site, tissue)
    signal += added
    signal[:, :, -1] = 0  # the field of view may end above the template, whose edge is repeated there
    deformation = Deformation(shape, origin_mm=grid.corner_mm, extent_mm=grid.extent_mm)
    points_mm = deformation.template_points_mm(grid.fine_axes_mm)
    mask = grid.average(_sample(occupancy, points_mm, anatomy)) >= 0.5
    image = grid.average(_sample(signal, points_mm, anatomy))
    return Scan(scan(image, grid.axes_mm, site=site, rng=noise), mask, grid, lesions)
