"""Whole heads with and without a face."""

from __future__ import annotations

import numpy as np
import pytest

from monai_mri.images import read_image
from monai_mri.manifest.identity import face_fault
from monai_mri.manifest.identity.face import MOST_RECESSION, face_recession, head_outline

SIZE_MM = (180, 220, 200)


def head(*, face=True, neck=True, skull=True, step=2.0, noise=0.02, seed=0):
    """A head in RAS: an ellipsoid, a neck at the back, a face below the eyes."""
    shape = [round(size / step) for size in SIZE_MM]
    x, y, z = (
        (np.arange(n).reshape([-1 if k == axis else 1 for k in range(3)]) + 0.5) * step
        for axis, n in enumerate(shape)
    )
    x, y, z = x - 90, y - 110, z - 110
    radii = (75, 95, 85) if skull else (65, 80, 65)
    inside = (x / radii[0]) ** 2 + (y / radii[1]) ** 2 + (z / radii[2]) ** 2 < 1
    if neck and skull:
        inside |= ((x / 55) ** 2 + ((y + 25) / 55) ** 2 < 1) & (z < 0)
    if skull:
        inside |= ((x / 55) ** 2 + (y / 95) ** 2 < 1) & (z < 0) & (y > 0)
    if not face:  # cut off along a plane, as some programs do
        inside &= z > -5 - 0.6 * (95 - y)
    rng = np.random.default_rng(seed)
    return np.abs(inside * 1000.0 + rng.normal(0, noise * 1000, shape)).astype(np.float32), (step,) * 3


def test_a_head_with_its_face_is_reported_with_figures():
    fault = face_fault(*head(), where="a.nii")
    assert fault is not None
    assert (fault.code, fault.severity, fault.where) == ("W805", "warning", "a.nii")
    assert "mm behind the forehead" in fault.found


@pytest.mark.parametrize(
    "change",
    [{"face": False}, {"face": False, "neck": False}, {"skull": False}, {"skull": False, "noise": 0.0}],
)
def test_a_head_without_face_or_skull_is_not(change):
    assert face_fault(*head(**change)) is None


def test_coarse_slices_and_an_open_vertex_change_nothing():
    for face in (True, False):
        volume, (step, _, _) = head(face=face)
        assert (face_fault(volume[:, :, ::2], (step, step, 2 * step)) is not None) == face
        assert (face_fault(volume[:, :, :-10], (step,) * 3) is not None) == face
        assert (face_fault(np.pad(volume, 10), (step,) * 3) is not None) == face


def test_the_voxel_size_may_come_from_the_affine():
    volume, spacing = head()
    assert face_fault(volume, None, np.diag([*spacing, 1.0])) == face_fault(volume, spacing)
    assert face_fault(volume, None) is None


def test_a_slab_above_the_eyes_is_not_reported():
    volume, spacing = head()
    assert face_fault(volume[:, :, 50:], spacing) is None


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_empty_or_even_volume_is_no_head(value):
    assert face_fault(np.full((40, 40, 40), value, np.float32), (4, 4, 4)) is None
    assert face_fault(np.full((1, 1, 1), value, np.float32), (4, 4, 4)) is None


def test_a_lesion_mask_is_no_head():
    mask = np.zeros((90, 110, 100), np.float32)
    mask[40:45, 50:55, 50:55] = 1
    assert face_fault(mask, (2, 2, 2)) is None


def test_the_open_heads_are_seen_to_be_defaced(real_data):
    """All 13 are, as their README says."""
    paths = sorted(real_data.glob("open_ms_data/longitudinal/raw/*/study*.nii.gz"))
    assert len(paths) == 13
    for path in paths:
        picture = read_image(path)
        outline = head_outline(picture.array, picture.spacing_mm)
        recession = face_recession(outline)
        assert recession is not None
        assert recession > MOST_RECESSION + 0.05


@pytest.mark.parametrize(
    "pattern", ["cross_sectional/MNI/patient07/*.nii.gz", "longitudinal/raw/patient01/gt.nii.gz"]
)
def test_open_brains_and_masks_have_no_face(real_data, pattern):
    for path in real_data.glob(f"open_ms_data/{pattern}"):
        picture = read_image(path)
        assert face_fault(picture.array, picture.spacing_mm, picture.affine) is None


def test_a_face_put_back_on_an_open_head_is_seen(real_data):
    path = real_data / "open_ms_data/longitudinal/raw/patient12/study1_T1W.nii.gz"
    picture = read_image(path)
    volume, spacing = picture.array.copy(), picture.spacing_mm
    outline = head_outline(volume, spacing)
    front = round(np.nanmax(outline.front) / spacing[1])
    middle, levels = volume.shape[0] // 2, volume.shape[2] // 2
    half = round(50 / spacing[0])
    volume[middle - half : middle + half, front // 2 : front, :levels] = np.percentile(volume, 90)
    assert face_fault(volume, spacing) is not None
