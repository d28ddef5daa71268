from __future__ import annotations

import nibabel
import numpy as np
import pytest
from classing import class_data, network, trained_run
from monai.transforms import Compose, RandSpatialCropd, Resized
from torch import nn

from monai_mri.engines.class_shapes import fixed_shape, require_shapes
from monai_mri.errors import ImageError
from monai_mri.networks import LesionCNN, MigraineCNN


@pytest.fixture
def odd_one(class_cohort):
    """A cohort whose fourth person's images, of class low, are longer than the others'."""
    for channel in ("first", "second"):
        path = class_cohort.with_name(f"03_{channel}.nii.gz")
        nibabel.save(nibabel.Nifti1Image(np.ones((8, 8, 9), np.float32), np.eye(4)), path)
    return class_cohort


def test_networks_say_the_shape_that_they_need():
    shape = (16, 18, 16)
    assert fixed_shape(LesionCNN(in_channels=1, patch_size=8, filters=(2, 4))) == (8, 8, 8)
    assert fixed_shape(MigraineCNN(spatial_shape=shape, filters=(2, 2))) == shape
    assert fixed_shape(MigraineCNN(spatial_shape=shape, filters=(2, 2), head="gap")) is None
    assert fixed_shape(nn.Flatten()) is None


def test_an_image_that_does_not_fit_the_network_is_named_with_both_shapes(odd_one):
    data = class_data(odd_one, "all")
    with pytest.raises(ImageError, match=r"03_first\.nii\.gz: shape \(8, 8, 9\) found, expected \(8, 8, 8\)"):
        require_shapes(data, network())


def test_images_must_be_alike_only_in_batches_where_the_network_takes_any(odd_one):
    data = class_data(odd_one, "all")
    require_shapes(data, nn.Flatten())
    with pytest.raises(ImageError, match=r"03_first.*the shape of the first image"):
        require_shapes(data, nn.Flatten(), alike=True)


def test_images_that_a_random_crop_makes_alike_are_taken(odd_one):
    crop = RandSpatialCropd(keys="image", roi_size=(8, 8, 8), random_size=False)
    require_shapes(class_data(odd_one, "all", augment=crop), network())


def test_images_that_are_resized_alike_may_differ_where_the_network_takes_any(odd_one):
    resize = Resized(keys="image", spatial_size=(4, 4, 4))
    require_shapes(class_data(odd_one, "all", augment=Compose([resize])), nn.Flatten(), alike=True)


def test_a_training_ends_before_its_first_step(odd_one, tmp_path):
    with pytest.raises(ImageError, match=r"03_first\.nii\.gz"):
        trained_run(odd_one, tmp_path / "run")
    assert not (tmp_path / "run/history.csv").exists()
