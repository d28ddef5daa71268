from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor

from monai_mri.errors import ImageError
from monai_mri.transforms import ReadMRId, RepeatChannelsd


def test_one_channel_is_copied_into_three():
    image = torch.rand(1, 4, 5)
    repeated = RepeatChannelsd(keys="image")({"image": image})["image"]
    assert type(repeated) is torch.Tensor
    assert torch.equal(repeated, torch.cat([image] * 3))
    repeated[1] = 7
    assert float(repeated[0].max()) <= 1 >= float(image.max())


def test_a_volume_keeps_its_meta(save_nifti, volume):
    read = ReadMRId(keys="image")({"image": str(save_nifti(volume))})
    repeated = RepeatChannelsd(keys="image", channels=2)(read)["image"]
    assert isinstance(repeated, MetaTensor)
    assert repeated.shape == (2, 4, 5, 6)
    assert repeated.meta["filename_or_obj"] == read["image"].meta["filename_or_obj"]
    assert torch.equal(repeated.affine, read["image"].affine)


def test_as_many_channels_as_wanted_stay_as_they_are():
    image = torch.rand(3, 4, 5)
    assert RepeatChannelsd(keys="image")({"image": image})["image"] is image


def test_another_number_of_channels_is_refused_naming_the_image():
    with pytest.raises(ImageError, match="s1: 2 channels found, expected 1 or 3"):
        RepeatChannelsd(keys="image")({"image": torch.rand(2, 4, 5), "sample_id": "s1"})
    named = MetaTensor(torch.rand(4, 4, 5), meta={"filename_or_obj": "a.nii"})
    with pytest.raises(ImageError, match=r"a\.nii: 4 channels found"):
        RepeatChannelsd(keys="image")({"image": named})
