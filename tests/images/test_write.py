from __future__ import annotations

import nibabel
import numpy as np
import pytest

from monai_mri.errors import ImageError, UsageError
from monai_mri.images import read_image, require_shape, write_nifti


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
def test_an_array_comes_back_with_its_type_on_the_grid_of_the_file(
    affine, volume, save_nifti, tmp_path, kind
):
    source = save_nifti(volume, affine)
    picture = read_image(source)
    path = write_nifti(picture.array.astype(kind), picture.grid, tmp_path / "new" / "out.nii.gz")
    written = nibabel.load(path)
    assert written.get_data_dtype() == kind
    np.testing.assert_array_equal(written.affine, nibabel.load(source).affine)
    np.testing.assert_array_equal(np.asarray(written.dataobj), volume)


def test_an_ending_that_is_not_niftis_is_refused(volume, save_nifti, tmp_path):
    picture = read_image(save_nifti(volume))
    with pytest.raises(UsageError, match=r"as '\.png'; end the name in \.nii\.gz"):
        write_nifti(picture.array, picture.grid, tmp_path / "out.png")


def test_a_result_must_have_the_images_shape(volume, save_nifti):
    picture = read_image(save_nifti(volume))
    require_shape(np.zeros((4, 5, 6)), picture)
    with pytest.raises(ImageError, match=r"shape \(4, 5\), expected \(4, 5, 6\)"):
        require_shape(np.zeros((4, 5)), picture)
