"""MNI152 anatomy as tissue maps: white matter, grey matter, CSF, ventricles, and where the head ends.

The templates are the three of the ICBM152 2009 symmetric atlas (Fonov, NeuroImage 2011) that nilearn
carries in its wheel, 1 mm, RAS. They hold the brain alone; skull, scalp and face have to be made by
`distractors`, from the distances that this module measures.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.errors import ImageError

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]

_CROP = (slice(4, 193), slice(6, 231), slice(0, 172))
_CLOSING_MM = 9.0
_HEAD_CLOSING_MM = 20.0
_HEAD_BLUR_MM = 3.0
_MENINGES_MM = 2.5


@dataclass(frozen=True, eq=False)
class Anatomy:
    """Tissue maps on the cropped template grid; every array has the shape of ``wm``.

    Attributes:
        wm: share of white matter, 0 to 1.
        gm: share of grey matter, 0 to 1.
        csf: share of cerebrospinal fluid inside the skull, 0 to 1; the three sum to 1 well inside it.
        ventricles: True in the lateral ventricles.
        ventricle_mm: distance to the lateral ventricles in mm, 0 inside.
        skull_mm: distance to the inside of the skull in mm, 0 inside.
        head_mm: distance to the core of the head (the cranial cavity, drawn straight down to the neck).
        origin_mm: MNI coordinate of voxel (0, 0, 0); axes are R, A, S.
        step_mm: edge length of a voxel.
    """

    wm: FloatArray
    gm: FloatArray
    csf: FloatArray
    ventricles: BoolArray
    ventricle_mm: FloatArray
    skull_mm: FloatArray
    head_mm: FloatArray
    origin_mm: tuple[float, float, float]
    step_mm: int = 1

    @property
    def axes_mm(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """MNI coordinates in mm along the three axes."""
        x, y, z = (
            np.arange(n, dtype=np.float32) * np.float32(self.step_mm) + np.float32(o)
            for n, o in zip(self.wm.shape, self.origin_mm, strict=True)
        )
        return x, y, z

    @property
    def extent_mm(self) -> tuple[int, int, int]:
        """Edge lengths of the grid in mm."""
        i, j, k = (n * self.step_mm for n in self.wm.shape)
        return i, j, k

    def nearest_voxel(self, point_mm: NDArray[Any]) -> NDArray[np.intp]:
        """Index of the voxel that holds a point in MNI mm."""
        voxel: NDArray[np.intp] = np.rint((point_mm - np.asarray(self.origin_mm)) / self.step_mm).astype(
            np.intp
        )
        return voxel


def load_anatomy(*, step_mm: int = 1) -> Anatomy:
    """Tissue maps of the MNI152 template; made once a process, nothing is downloaded or written.

    Args:
        step_mm: 1, or 2 for every second voxel, which is eight times quicker to work on.

    Raises:
        ImageError: the installed nilearn does not carry the templates.
    """
    return _full_anatomy() if step_mm == 1 else _thinned_anatomy(step_mm)


@lru_cache(maxsize=1)
def _full_anatomy() -> Anatomy:
    t1, origin_mm = _template("t1")
    gm, wm = _template("gm")[0], _template("wm")[0]
    brain = t1 > 0
    cavity = _closed(brain, _CLOSING_MM)
    skull_mm = np.maximum(_distance_mm(cavity) - np.float32(_MENINGES_MM), 0)
    gm, wm, csf = _tissues(gm, wm, brain, skull_mm)
    ventricles = _lateral_ventricles(csf, origin_mm)
    column = np.maximum.accumulate((skull_mm <= 0)[:, :, ::-1], axis=2)[:, :, ::-1]
    return Anatomy(
        wm=wm,
        gm=gm,
        csf=csf,
        ventricles=ventricles,
        ventricle_mm=_distance_mm(ventricles),
        skull_mm=skull_mm,
        head_mm=_smooth_distance_mm(column),
        origin_mm=origin_mm,
    )


@lru_cache(maxsize=1)
def _thinned_anatomy(step_mm: int) -> Anatomy:
    full = _full_anatomy()
    every = (slice(None, None, step_mm),) * 3
    maps = ("wm", "gm", "csf", "ventricles", "ventricle_mm", "skull_mm", "head_mm")
    thinned: dict[str, Any] = {name: np.ascontiguousarray(getattr(full, name)[every]) for name in maps}
    return replace(full, **thinned, step_mm=step_mm)


def _template(name: str) -> tuple[NDArray[Any], tuple[float, float, float]]:
    """One template, cropped, as uint8, and the MNI coordinate of its first voxel.

    Reading the file that `nilearn.datasets.load_mni152_template` reads spares nilearn's import (seconds).
    """
    import nibabel

    spec = importlib.util.find_spec("nilearn")
    folder = Path(spec.origin or "").parent / "datasets" / "data" if spec else Path("nilearn")
    path = folder / f"mni_icbm152_{name}_tal_nlin_sym_09a_converted.nii.gz"
    if not path.is_file():
        raise ImageError(f"{path.name}: not among nilearn's files, expected in {folder}; reinstall nilearn")
    image: Any = nibabel.load(path)
    corner = image.affine[:3, 3] + [axis.start for axis in _CROP]
    return np.asarray(image.dataobj[_CROP]), (float(corner[0]), float(corner[1]), float(corner[2]))


def _tissues(
    gm: NDArray[Any], wm: NDArray[Any], brain: BoolArray, skull_mm: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Shares of grey matter, white matter and CSF, sharper than the template's average of 152 heads."""
    shares = np.stack([gm, wm, 255 - np.minimum(gm.astype(np.int16) + wm, 255)]).astype(np.float32) / 255
    shares[2][~brain] = 1
    shares **= 2
    shares /= shares.sum(axis=0)
    shares *= np.clip(1 - skull_mm, 0, 1)
    return shares[0], shares[1], shares[2]


def _lateral_ventricles(csf: FloatArray, origin_mm: tuple[float, float, float]) -> BoolArray:
    """The fluid of the lateral ventricles: what is connected to the body of either of them."""
    from scipy import ndimage

    x, y, z = np.ogrid[tuple(slice(0, n) for n in csf.shape)]
    x, y, z = x + origin_mm[0], y + origin_mm[1], z + origin_mm[2]
    box = (np.abs(x) < 42) & (y > -62) & (y < 42) & (z > -4) & (z < 34)
    cisterns = (np.abs(x) < 14) & (y < -22) & (z < 14)
    labels, _ = ndimage.label((csf > 0.5) & box & ~cisterns)
    seeds = labels[(np.abs(np.abs(x) - 9) < 6) & (np.abs(y - 10) < 14) & (np.abs(z - 14) < 10)]
    found: BoolArray = np.isin(labels, np.unique(seeds[seeds > 0]))
    return found


def _closed(mask: BoolArray, radius_mm: float) -> BoolArray:
    """Morphological closing by a ball, through two distance transforms."""
    grown = _distance_mm(mask) <= radius_mm
    closed: BoolArray = _distance_mm(~grown) > radius_mm
    return closed | mask


def _smooth_distance_mm(mask: BoolArray) -> FloatArray:
    """Distance to a closed and smoothed mask in mm, 0 inside; worked out on a 2 mm grid."""
    from scipy import ndimage

    pad = int(_HEAD_CLOSING_MM / 2) + 2
    coarse = np.pad(mask[::2, ::2, ::2], pad, mode="edge")
    coarse = _closed(coarse, _HEAD_CLOSING_MM / 2)
    signed = ndimage.gaussian_filter(_distance_mm(coarse) - _distance_mm(~coarse), _HEAD_BLUR_MM / 2)
    distance_mm: FloatArray = ndimage.affine_transform(
        2 * signed, (0.5, 0.5, 0.5), offset=pad, output_shape=mask.shape, output=np.float32, order=1
    )
    return np.maximum(distance_mm, 0)


def _distance_mm(mask: BoolArray) -> FloatArray:
    """Distance of every voxel to the mask in mm (1 mm voxels), 0 inside."""
    import edt

    distances: FloatArray = edt.edt(~mask, black_border=False, parallel=1)
    return distances
