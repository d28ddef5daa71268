from __future__ import annotations

import nibabel
import numpy as np
import pytest

from monai_mri.errors import ImageError, UsageError
from monai_mri.explain import write_map
from monai_mri.images import read_image


def test_a_map_comes_back_on_the_volumes_own_grid(affine, volume, save_nifti, tmp_path):
    like = save_nifti(volume, affine)
    picture = read_image(like)
    values = np.random.default_rng(0).normal(size=picture.array.shape).astype(np.float32)
    out = write_map(values, like, tmp_path / "maps" / "map.nii.gz")
    on_disk = nibabel.load(out)
    assert on_disk.get_data_dtype() == np.float32
    assert on_disk.shape == nibabel.load(like).shape
    np.testing.assert_array_equal(on_disk.affine, nibabel.load(like).affine)
    np.testing.assert_array_equal(read_image(out).array, values)


def test_a_planted_corner_keeps_its_place_in_the_world(affine, volume, save_nifti, tmp_path):
    picture = read_image(save_nifti(volume, affine))
    values = np.zeros(picture.array.shape, dtype=np.float32)
    values[-1, 0, -1] = 1
    on_disk = nibabel.load(write_map(values, picture, tmp_path / "map.nii"))
    found = np.argwhere(on_disk.get_fdata() == 1)
    n = np.array(picture.array.shape)
    wanted = picture.affine @ [n[0] - 1, 0, n[2] - 1, 1]
    np.testing.assert_allclose(on_disk.affine @ [*found[0], 1], wanted, atol=1e-4)


def test_a_map_of_another_shape_or_not_finite_is_refused(volume, save_nifti, tmp_path):
    like = save_nifti(volume)
    with pytest.raises(ImageError, match="shape"):
        write_map(np.zeros((2, 2, 2)), like, tmp_path / "map.nii")
    with pytest.raises(ImageError, match="not finite"):
        write_map(np.full(volume.shape, np.nan), like, tmp_path / "map.nii")
    with pytest.raises(UsageError, match="NIfTI"):
        write_map(np.zeros(volume.shape), like, tmp_path / "map.png")


def test_a_map_of_a_picture_is_refused(make_picture, tmp_path):
    path = tmp_path / "a.png"
    make_picture(path)
    with pytest.raises(ImageError, match="2D picture"):
        write_map(read_image(path).array, path, tmp_path / "map.nii")
