"""Faults of grids, voxels and labels of volumes: sections B and C of the catalogue, and near-copies."""

from __future__ import annotations

import gzip
import math
import struct
from functools import partial

import nibabel
import numpy as np
from faulty_case import Case, Concerned
from faulty_cohort import Cohort, anatomy, save_nifti
from scipy import ndimage

PIXDIM, SLOPE, QFORM_CODE, SFORM_CODE, QUATERN, SROW = 76, 112, 252, 254, 256, 280
NO, SCANNER = struct.pack("<h", 0), struct.pack("<h", 1)


def five_volumes(cohort: Cohort, subject: str) -> None:
    array, _ = cohort.voxels(subject)
    cohort.save(subject, np.stack([array + step for step in range(5)], axis=-1))


def trailing_one(cohort: Cohort, subject: str) -> None:
    cohort.save(subject, cohort.voxels(subject)[0][..., None])


def two_dimensions(cohort: Cohort, subject: str) -> None:
    cohort.save(subject, cohort.voxels(subject)[0][:, :, 6])


def forms_disagree(cohort: Cohort, subject: str) -> None:
    """The qform turned by 180 degrees about z; the sform, which readers take, stays."""
    cohort.edit_header(subject, QUATERN, struct.pack("<3f", 0, 0, 1))


def no_sform(cohort: Cohort, subject: str) -> None:
    cohort.edit_header(subject, SFORM_CODE, NO)


def no_forms(cohort: Cohort, subject: str) -> None:
    cohort.edit_header(subject, QFORM_CODE, NO + NO)


def other_hand(cohort: Cohort, subject: str) -> Concerned:
    """Image and mask with their first axis to the left, in a cohort where it points right."""
    for column in ("flair", "mask"):
        array, affine = cohort.voxels(subject, column)
        cohort.save(subject, array, np.diag([-1.0, 1, 1, 1]) @ affine, column)
    return set()


def sheared(cohort: Cohort, subject: str) -> None:
    """The second axis leans by 17 degrees; only the sform can say so."""
    shear = np.eye(4)
    shear[0, 1] = math.tan(math.radians(17))
    for column in ("flair", "mask"):
        array, affine = cohort.voxels(subject, column)
        cohort.save(subject, array, affine @ shear, column)
        cohort.edit_header(subject, QFORM_CODE, NO, column)


def zero_voxel_size(cohort: Cohort, subject: str, *, sform: bytes = SCANNER) -> None:
    cohort.edit_header(subject, PIXDIM + 4, struct.pack("<f", 0))
    cohort.edit_header(subject, SFORM_CODE, sform)


def singular(cohort: Cohort, subject: str) -> None:
    cohort.edit_header(subject, QFORM_CODE, NO)
    cohort.edit_header(subject, SROW + 32, struct.pack("<4f", 0, 0, 0, 0))


def mask_of_another_shape(cohort: Cohort, subject: str) -> None:
    cohort.save(subject, cohort.voxels(subject, "mask")[0][:-2], column="mask")


def mask_moved(cohort: Cohort, subject: str) -> None:
    array, affine = cohort.voxels(subject, "mask")
    affine = affine.copy()
    affine[2, 3] += 40
    cohort.save(subject, array, affine, column="mask")


def big_endian(cohort: Cohort, subject: str) -> None:
    array, affine = cohort.voxels(subject)
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(np.int16)
    image = nibabel.Nifti1Image(array, affine, header)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    cohort.edit(subject, lambda _: gzip.compress(image.to_bytes(), mtime=0))


def complex_voxels(cohort: Cohort, subject: str) -> None:
    cohort.save(subject, cohort.voxels(subject)[0].astype(np.complex64))


def colour_voxels(cohort: Cohort, subject: str) -> None:
    colour = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    array = (cohort.voxels(subject)[0] // 5).clip(0, 255).astype("u1")
    cohort.save(subject, np.stack([array] * 3, axis=-1).view(colour)[..., 0])


def one_voxel(cohort: Cohort, subject: str, *, value: float) -> None:
    array = cohort.voxels(subject)[0].astype(np.float32)
    array[tuple(side // 2 for side in array.shape)] = value
    cohort.save(subject, array)


def all_zero(cohort: Cohort, subject: str) -> None:
    cohort.save(subject, np.zeros_like(cohort.voxels(subject)[0]))


def slope(cohort: Cohort, subject: str, *, value: float) -> None:
    cohort.edit_header(subject, SLOPE, struct.pack("<f", value))


def mask_values(cohort: Cohort, subject: str, *, lesion: float, dtype: type) -> None:
    mask = cohort.voxels(subject, "mask")[0]
    cohort.save(subject, (mask * lesion).astype(dtype), column="mask")


def third_label(cohort: Cohort, subject: str) -> None:
    mask = cohort.voxels(subject, "mask")[0].copy()
    mask[tuple(np.argwhere(mask)[0])] = 7
    cohort.save(subject, mask, column="mask")


def near_copy(cohort: Cohort, subject: str, *, how: str) -> Concerned:
    """The subject's volume again, not quite the same, as that of a partner (in another part, if any)."""
    partner = cohort.partner(subject)
    array = cohort.voxels(subject)[0].astype(np.float32)
    rng = np.random.default_rng(5)
    ways = {
        "flip": lambda: array[::-1],
        "flip of two axes": lambda: array[:, ::-1, ::-1],
        "rescale": lambda: array * 1.7,
        "rescale and shift": lambda: array * 1.7 + 25,
        "noise": lambda: array + (array > 0) * rng.normal(0, 8, array.shape),
        "smoothed": lambda: ndimage.gaussian_filter(array, array.shape[0] / 64),
        "turned by 4 degrees": lambda: ndimage.rotate(array, 4, reshape=False, order=1),
    }
    cohort.save(partner, ways[how]().round().clip(0).astype(np.int16))
    return {subject, partner}


def same_bytes_again(cohort: Cohort, subject: str) -> None:
    """A second session with the first one's image."""
    row = cohort.row(subject)
    paths = {column: row[column].replace(f"{column}.", f"{column}2.") for column in ("flair", "mask")}
    (cohort.folder / paths["flair"]).write_bytes(cohort.file(subject).read_bytes())
    _, lesions = anatomy(cohort.voxels(subject)[0].shape, seed=1, number=99)
    save_nifti(cohort.folder / paths["mask"], lesions.astype(np.uint8), cohort.voxels(subject)[1])
    cohort.add(subject, session_id="ses-2", **paths)
    for path in paths.values():
        cohort.record(path)


MIRRORED = ("flip", "flip of two axes")  # exactly the same voxels, in another order
NEAR = (
    "rescale",
    "rescale and shift",
    "noise",
    "smoothed",
    "turned by 4 degrees",
)
FAULTS = {
    "16 five volumes": Case("E201", five_volumes, "header"),
    "17 trailing axis of one": Case("", trailing_one, "header"),
    "18 two dimensions": Case("E202", two_dimensions, "header"),
    "19 qform and sform disagree": Case("E203", forms_disagree, "header"),
    "20 no sform": Case("W204", no_sform, "header"),
    "21 no qform, no sform": Case("E205", no_forms, "header"),
    "22 other handedness": Case("W206", other_hand, "header"),
    "23 sheared": Case("W207", sheared, "header"),
    "24 voxel size zero": Case("E208", zero_voxel_size, "header"),
    "24 voxel size zero, no sform": Case(
        "E208",
        partial(zero_voxel_size, sform=NO),
        "header",
        also=("W204",),
        why="without an sform the voxel size matters most, and that it lacks one may be said, too",
    ),
    "25 singular": Case("E208", singular, "header"),
    "26 mask of another shape": Case("E209", mask_of_another_shape, "header"),
    "27 mask 40 mm off": Case("E209", mask_moved, "header"),
    "28 big-endian": Case("", big_endian, "header"),
    "29 complex voxels": Case("E210", complex_voxels, "header"),
    "30 colour voxels": Case("E210", colour_voxels, "header"),
    "31 one NaN": Case("E301", partial(one_voxel, value=math.nan), "voxels"),
    "31 one infinity": Case("E301", partial(one_voxel, value=math.inf), "voxels"),
    "32 all zero": Case("E302", all_zero, "voxels"),
    "33 slope 0": Case("W303", partial(slope, value=0.0), "header"),
    "33 slope NaN": Case("W303", partial(slope, value=math.nan), "header"),
    "33 slope infinite": Case("W303", partial(slope, value=math.inf), "header"),
    "34 mask of 0 and 255": Case("E304", partial(mask_values, lesion=255, dtype=np.uint8), "voxels"),
    "35 mask of 0.9999": Case("E305", partial(mask_values, lesion=0.9999, dtype=np.float32), "voxels"),
    "36 empty mask": Case("W306", partial(mask_values, lesion=0, dtype=np.uint8), "voxels"),
    "38 label that no other mask has": Case("E304", third_label, "voxels"),
    **{f"near-copy: {how}": Case("W113", partial(near_copy, how=how), "voxels") for how in NEAR},
    **{f"mirrored: {how}": Case("E110", partial(near_copy, how=how), "voxels") for how in MIRRORED},
    "near-copy in two parts": Case(
        "E605",
        partial(near_copy, how="noise"),
        "voxels",
        kind="split volumes",
        also=("W113",),
        why="it is a near-copy under two subjects as well",
    ),
    "mirrored in two parts": Case(
        "E110",
        partial(near_copy, how="flip"),
        "voxels",
        kind="split volumes",
        also=("E605",),
        why="it is both",
    ),
    "same bytes under one subject": Case("W114", same_bytes_again, "voxels"),
}
