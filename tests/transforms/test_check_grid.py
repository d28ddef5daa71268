from __future__ import annotations

import numpy as np
import pytest

from monai_mri.errors import ImageError
from monai_mri.transforms import CheckGridd, ReadMRId

READ = ReadMRId(keys="image", mask_keys=())


def sample(path):
    return READ({"image": str(path)})


def affine(*, step=(1.0, 1.0, 1.0), shift=0.0):
    matrix = np.diag([*step, 1.0])
    matrix[0, 3] = shift
    return matrix


def test_images_on_one_grid_pass_as_they_are(save_nifti, volume):
    check = CheckGridd(keys="image", one_grid=True, isotropic=True)
    for number in range(2):
        one = sample(save_nifti(volume, affine(shift=0.01 * number), f"{number}.nii.gz"))
        np.testing.assert_array_equal(check(one)["image"], one["image"])


@pytest.mark.parametrize(
    ("other", "said"), [(affine(shift=4), "an affine 4 mm off"), (affine(step=(0.5, 0.5, 0.5)), "an affine")]
)
def test_an_image_in_another_space_is_named_with_the_first(save_nifti, volume, other, said):
    check = CheckGridd(keys="image", one_grid=True)
    check(sample(save_nifti(volume, affine(), "first.nii.gz")))
    with pytest.raises(
        ImageError, match=rf"second\.nii\.gz: another grid than .*first\.nii\.gz: {said}.*E209"
    ):
        check(sample(save_nifti(volume, other, "second.nii.gz")))


def test_an_image_of_another_shape_is_named(save_nifti, volume):
    check = CheckGridd(keys="image", one_grid=True)
    check(sample(save_nifti(volume, affine(), "first.nii.gz")))
    with pytest.raises(ImageError, match="shape 3 x 5 x 6, expected shape 4 x 5 x 6"):
        check(sample(save_nifti(volume[1:], affine(), "second.nii.gz")))


def test_unequal_edges_are_refused_where_patches_are_turned(save_nifti, volume):
    thick = sample(save_nifti(volume, affine(step=(1, 1, 3))))
    with pytest.raises(ImageError, match="voxels of 1 x 1 x 3 mm"):
        CheckGridd(keys="image", isotropic=True)(thick)
    CheckGridd(keys="image")(thick)
    nearly = sample(save_nifti(volume, affine(step=(1, 1.04, 1)), "b.nii.gz"))
    CheckGridd(keys="image", isotropic=True)(nearly)
