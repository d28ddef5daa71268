from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from PIL import Image

from monai_mri.errors import ImageError
from monai_mri.transforms import ReadMRId, ScaleToUnitd, scale_to_unit

READ = ReadMRId(keys="image", mask_keys=(), colour=True)


def saved(folder, array, name="a.png") -> dict[str, str]:
    Image.fromarray(array).save(folder / name)
    return {"image": str(folder / name)}


def test_8_bits_are_divided_by_255_whatever_their_range(tmp_path):
    array = np.array([[10, 51], [102, 60]], np.uint8)
    scaled = ScaleToUnitd(keys="image")(READ(saved(tmp_path, array)))["image"]
    assert scaled.dtype == torch.float32
    torch.testing.assert_close(scaled[0].as_tensor(), torch.from_numpy(array / 255).float())
    assert isinstance(scaled, MetaTensor)
    assert scaled.meta["filename_or_obj"].endswith("a.png")


def test_colours_keep_their_ratio(tmp_path):
    array = np.array([[[10, 20, 40]]], np.uint8)
    scaled = ScaleToUnitd(keys="image")(READ(saved(tmp_path, array)))["image"]
    torch.testing.assert_close(scaled.flatten().as_tensor(), torch.tensor([10, 20, 40]) / 255)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_deep_greys_go_from_their_minimum_to_their_maximum(tmp_path, dtype):
    array = np.array([[100, 300], [200, 500]], dtype)
    scaled = ScaleToUnitd(keys="image")(READ(saved(tmp_path, array, "a.tif")))["image"]
    assert scaled[2].flatten().tolist() == [0, 0.5, 0.25, 1]


def test_modalities_are_scaled_each_by_itself(save_nifti, volume):
    paths = [str(save_nifti(volume, name="a.nii")), str(save_nifti(volume * -3 + 7, name="b.nii"))]
    scaled = ScaleToUnitd(keys="image")(READ({"image": paths}))["image"]
    assert scaled.flatten(1).amin(dim=1).tolist() == [0, 0]
    assert scaled.flatten(1).amax(dim=1).tolist() == [1, 1]
    torch.testing.assert_close(scaled[1].as_tensor(), 1 - scaled[0].as_tensor())


@pytest.mark.parametrize("value", [0, 7, 65535])
def test_a_constant_image_becomes_zeros_where_white_is_unknown(tmp_path, value):
    scaled = ScaleToUnitd(keys="image")(READ(saved(tmp_path, np.full((2, 2), value, np.uint16))))["image"]
    assert not scaled.any()


def test_a_range_as_wide_as_the_type_stays_finite():
    wide = torch.tensor([[-3e38, 0.0, 3e38]])
    assert scale_to_unit(wide).tolist() == [[0, 0.5, 1]]


def test_scaling_twice_is_scaling_once(tmp_path):
    scale = ScaleToUnitd(keys="image")
    for array in (np.array([[10, 20]], np.uint8), np.array([[10, 20]], np.uint16)):
        once = scale(READ(saved(tmp_path, array)))
        assert torch.equal(scale(once)["image"].as_tensor(), once["image"].as_tensor())


def test_what_was_read_is_not_written_on(tmp_path):
    read = READ(saved(tmp_path, np.array([[1, 2]], np.uint8)))
    ScaleToUnitd(keys="image")(read)
    assert read["image"][0].tolist() == [[1, 2]]
    assert read["image"].meta["full_scale"] == 255


def test_a_plain_tensor_stays_one_and_goes_by_its_range():
    scaled = ScaleToUnitd(keys=["image"])({"image": torch.tensor([[[2.0, 4.0]]])})["image"]
    assert type(scaled) is torch.Tensor
    assert scaled.tolist() == [[[0, 1]]]


def test_values_that_do_not_fit_their_scale_are_refused_naming_the_file(tmp_path):
    read = READ(saved(tmp_path, np.array([[1, 2]], np.uint8)))
    read["image"] = read["image"] - 9
    with pytest.raises(ImageError, match=r"a\.png: values from -8 to -7 found, expected 0 to 255"):
        ScaleToUnitd(keys="image")(read)
