"""Intensities by tissue: what moves them and what does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from monai_mri.errors import ImageError
from monai_mri.transforms import NormalizeToTissued, normalize_to_tissue


@pytest.fixture
def head():
    """Half air, then brain of 80 to 120, and a few bright voxels of fat."""
    rng = np.random.default_rng(0)
    image = np.zeros((20, 20, 10), dtype=np.float32)
    image[10:] = rng.uniform(80, 120, (10, 20, 10))
    image[19, :4] = 400
    return image


def test_tissue_becomes_zero_and_air_minus_the_gain(head):
    scaled = normalize_to_tissue(head)
    assert abs(float(np.median(scaled[10:19]))) < 0.05
    np.testing.assert_array_equal(scaled[:10], -2.5)


def test_gain_of_the_scanner_changes_nothing(head):
    np.testing.assert_allclose(normalize_to_tissue(head * 7), normalize_to_tissue(head), rtol=1e-5, atol=1e-6)


def test_more_air_and_brighter_fat_hardly_matter(head):
    padded = np.pad(head, ((30, 0), (0, 0), (0, 0)))
    padded[-1, :4] = 800
    difference = normalize_to_tissue(padded)[-10:-1] - normalize_to_tissue(head)[-10:-1]
    assert np.abs(difference).max() < 0.05


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0])
def test_constant_image_is_refused_and_named(value):
    image = MetaTensor(torch.full((1, 4, 4), value), meta={"filename_or_obj": "scan.nii"})
    with pytest.raises(ImageError, match=r"scan\.nii: .*\[E302\]$"):
        NormalizeToTissued(keys="image")({"image": image})


def test_each_channel_is_scaled_by_its_own_tissue_and_the_affine_stays(head):
    affine = torch.diag(torch.tensor([1.0, 2.0, 3.0, 1.0], dtype=torch.float64))
    image = MetaTensor(torch.from_numpy(np.stack([head, 5 * head])), affine=affine)
    scaled = NormalizeToTissued(keys=["image"])({"image": image, "age": 41})
    torch.testing.assert_close(scaled["image"][0].as_tensor(), scaled["image"][1].as_tensor())
    torch.testing.assert_close(scaled["image"].affine, affine)
    assert scaled["age"] == 41


def test_a_lesion_map_among_the_channels_stays_as_it_is():
    flair = torch.rand(1, 6, 5, 4) + 0.5
    for lesions in (torch.zeros(1, 6, 5, 4), (torch.rand(1, 6, 5, 4) > 0.9).float()):
        image = MetaTensor(torch.cat([flair, lesions]), meta={"mask_channels": (1,)})
        kept = NormalizeToTissued("image")({"image": image})["image"]
        assert torch.equal(kept[1:].as_tensor(), lesions)
        scaled = NormalizeToTissued("image")({"image": flair})["image"]
        torch.testing.assert_close(kept[:1].as_tensor(), scaled)


@pytest.mark.parametrize("level", [0, 1, 255])
def test_a_lesion_map_that_was_not_named_is_refused_where_such_were_looked_for(level):
    image = MetaTensor(torch.zeros(1, 20, 20, 20), meta={"mask_channels": (), "filename_or_obj": "les.nii"})
    image[0, :5, :5, :5] = level
    with pytest.raises(ImageError, match=r"les\.nii: channel 0 is 0 in .*name its column among the les"):
        NormalizeToTissued("image")({"image": image})


def test_a_head_without_skull_in_a_wide_field_is_an_image():
    image = MetaTensor(torch.zeros(1, 20, 20, 20), meta={"mask_channels": ()})
    image[0, 6:14, 6:14, 6:14] = torch.rand(8, 8, 8) + 1
    assert float(NormalizeToTissued("image")({"image": image})["image"][0, 10, 10, 10]) > -1
