from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from monai_mri.errors import UsageError
from monai_mri.explain import overlay_on_mni

AFFINE = np.array([[-6.0, 0, 0, 90], [0, 6, 0, -126], [0, 0, 6, -72], [0, 0, 0, 1]])
SHAPE = (31, 37, 31)


def test_only_the_strongest_voxels_are_coloured(save_nifti, tmp_path):
    values = np.zeros(SHAPE, dtype=np.float32)
    values[12:19, 15:22, 12:19] = np.linspace(1, 2, 7)
    coloured = overlay_on_mni(save_nifti(values, AFFINE), tmp_path / "new" / "a.png", share=0.9, cuts=3)
    plain = overlay_on_mni(save_nifti(0 * values, AFFINE, "zero.nii.gz"), tmp_path / "b.png", cuts=3)
    spread = []
    for path in (coloured, plain):
        with Image.open(path) as picture:
            rgb = np.asarray(picture.convert("RGB")).astype(int)
        spread.append(float((np.ptp(rgb[:, : int(0.85 * rgb.shape[1])], axis=2) > 60).mean()))
    assert spread[0] > 0.002
    assert spread[1] == 0


def test_voxels_below_zero_are_blue(save_nifti, tmp_path):
    values = np.zeros(SHAPE, dtype=np.float32)
    values[12:19, 15:22, 12:19] = np.linspace(-2, -1, 7)
    with Image.open(
        overlay_on_mni(save_nifti(values, AFFINE), tmp_path / "a.png", share=1, cuts=3)
    ) as picture:
        rgb = np.asarray(picture.convert("RGB")).astype(int)[:, : int(0.85 * picture.width)]
    coloured = rgb[np.ptp(rgb, axis=2) > 60]
    assert len(coloured) > 100
    assert (coloured[:, 2] > coloured[:, 0]).mean() > 0.95


def test_a_map_of_a_part_of_the_brain_is_cut_where_it_lies(save_nifti, tmp_path):
    corner = AFFINE @ np.array([[1, 0, 0, 10], [0, 1, 0, 12], [0, 0, 1, 12], [0, 0, 0, 1]])
    values = np.random.default_rng(0).random((8, 8, 8)).astype(np.float32)
    assert overlay_on_mni(save_nifti(values, corner), tmp_path / "a.png", cuts=2).stat().st_size > 1000


def test_a_map_that_does_not_lie_in_mni_space_is_drawn_as_the_template_alone(save_nifti, tmp_path):
    away = AFFINE @ np.array([[1, 0, 0, 100], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    path = overlay_on_mni(save_nifti(np.ones((8, 8, 8), np.float32), away), tmp_path / "a.png", cuts=2)
    assert path.stat().st_size > 1000


def test_settings_out_of_range_are_refused(tmp_path):
    with pytest.raises(UsageError, match="share 0"):
        overlay_on_mni(tmp_path / "a.nii", tmp_path / "a.png", share=0)
