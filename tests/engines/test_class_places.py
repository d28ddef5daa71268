from __future__ import annotations

import nibabel
import numpy as np
import pytest

from monai_mri.engines.class_places import Places
from monai_mri.errors import ImageError
from monai_mri.images import read_image


def saved(path, array, *, shift_mm=0.0):
    affine = np.eye(4)
    affine[0, 3] = shift_mm
    nibabel.save(nibabel.Nifti1Image(array, affine), path)
    return path


def test_regions_are_made_once_for_a_grid_and_anew_for_another(tmp_path):
    labels = np.ones((4, 4, 4), np.uint8)
    places = Places(None, atlas=saved(tmp_path / "atlas.nii.gz", labels))
    image, other = (
        read_image(saved(tmp_path / f"{shift}.nii.gz", labels.astype(np.float32), shift_mm=shift))
        for shift in (0.0, 2.0)
    )
    first = places.regions_on(image)
    assert places.regions_on(image) is first
    assert places.regions_on(other)[0].sum() == 32  # half of it lies beyond the atlas


def test_a_truth_is_bool_on_its_grid_and_refused_where_it_is_empty(tmp_path):
    mask = np.zeros((4, 4, 4), np.uint8)
    empty = saved(tmp_path / "empty.nii.gz", mask)
    mask[1] = 1
    image = read_image(saved(tmp_path / "image.nii.gz", np.ones((4, 4, 4), np.float32)))
    found = Places(saved(tmp_path / "truth.nii.gz", mask)).truth_on(image)
    assert found.dtype == bool
    assert found.sum() == 16
    assert Places(None).truth_on(image) is None
    with pytest.raises(ImageError, match="an empty mask"):
        Places(empty)
