from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from PIL import Image
from torch.nn.functional import interpolate

from monai_mri.errors import ConfigError, ImageError
from monai_mri.transforms import ReadMRId, ResizeImaged, resize_image, resize_mask

SIZES = [(32, 32), (50, 64), (100, 80), (101, 31), (20, 90)]


def centre(image: torch.Tensor) -> list[float]:
    """Centre of mass as shares of height and width, 0 at the outer edge of the first pixel."""
    weight = image.double()
    rows, columns = ((torch.arange(side) + 0.5) / side for side in weight.shape)
    return [
        float((weight.sum(1) * rows).sum() / weight.sum()),
        float((weight.sum(0) * columns).sum() / weight.sum()),
    ]


@pytest.fixture
def blob() -> torch.Tensor:
    """One square of 12 x 8 pixels, off the middle of 50 x 64."""
    image = torch.zeros(1, 50, 64)
    image[0, 8:20, 40:48] = 1
    return image


@pytest.mark.parametrize("size", SIZES)
def test_the_centre_of_a_blob_stays_where_it_is(blob, size):
    wanted = centre(blob[0])
    assert centre(resize_image(blob, size)[0]) == pytest.approx(wanted, abs=0.002)
    assert centre(resize_mask(blob, size)[0]) == pytest.approx(wanted, abs=0.35 / min(size))


@pytest.mark.parametrize("size", SIZES)
def test_image_and_mask_move_alike(blob, size):
    image, mask = resize_image(blob, size) > 0.5, resize_mask(blob, size) > 0
    overlap = 2 * (image & mask).sum() / (image.sum() + mask.sum())
    assert overlap > 0.95


@pytest.mark.parametrize("first", range(8, 16))
@pytest.mark.parametrize("zoom", [2, 3, 4, 8])
def test_a_mask_made_smaller_a_whole_number_of_times_moves_nowhere(first, zoom):
    mask = torch.zeros(1, 96, 96)
    mask[0, first : first + 48, 8:56] = 1
    smaller = resize_mask(mask, (96 // zoom, 96 // zoom))
    assert centre(smaller[0])[0] * 96 == pytest.approx(first + 24, abs=zoom / 2)
    mirrored = resize_mask(mask.flip(1), (96 // zoom, 96 // zoom)).flip(1)
    assert torch.equal(mirrored, smaller)


@pytest.mark.parametrize("size", SIZES)
def test_a_mask_is_resized_as_pytorch_does_it_with_the_image(size):
    mask = (torch.rand(2, 3, 50, 64) > 0.5).float()
    image = interpolate(mask, size, mode="bilinear", antialias=True)
    clear = (image - 0.5).abs() > 1e-4
    assert torch.equal(resize_mask(mask, size)[clear], (image > 0.5).float()[clear])


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float32])
def test_a_mask_keeps_its_type_and_gets_no_new_value(dtype):
    mask = (torch.rand(1, 33, 21) > 0.5).to(dtype)
    resized = resize_mask(mask, (50, 13))
    assert resized.dtype == dtype
    assert set(resized.unique().tolist()) <= set(mask.unique().tolist())


def test_making_smaller_skips_no_pixel():
    lines = torch.zeros(1, 64, 64)
    lines[0, ::8] = 8
    smaller = resize_image(lines, (8, 8))
    assert float(smaller.mean()) == pytest.approx(1, abs=0.05)
    assert float(smaller.min()) > 0.5


def test_halving_agrees_with_pillow():
    grey = np.random.default_rng(0).random((64, 48)).astype(np.float32)
    expected = np.asarray(Image.fromarray(grey).resize((24, 32), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(resize_image(torch.from_numpy(grey)[None], (32, 24))[0], expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 10, 12), (2, 3, 10, 12)])
def test_each_channel_and_sample_is_resized_by_itself(shape):
    image = torch.rand(shape)
    resized = resize_image(image, (7, 20))
    assert resized.shape == (*shape[:-2], 7, 20)
    flat = image.reshape(-1, 1, 10, 12)
    torch.testing.assert_close(
        resized.reshape(-1, 7, 20), torch.cat([resize_image(one, (7, 20)) for one in flat])
    )


def test_the_same_size_gives_the_input_itself():
    image = torch.rand(3, 4, 5)
    assert resize_image(image, (4, 5)) is image
    assert resize_mask(image, [4, 5]) is image


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floating_types_come_back_as_they_were(dtype):
    image = torch.rand(1, 2, 9, 9)
    resized = resize_image(image.to(dtype), (5, 12))
    assert resized.dtype == dtype
    torch.testing.assert_close(resized.float(), resize_image(image, (5, 12)), atol=0.01, rtol=0.01)


@pytest.mark.parametrize("shape", [(4, 5), (1, 2, 3, 4, 5)])
def test_another_number_of_axes_is_refused(shape):
    for resize in (resize_image, resize_mask):
        with pytest.raises(ImageError, match=r"expected \(C, H, W\)"):
            resize(torch.zeros(shape), (2, 2))


RESIZE = ResizeImaged(keys=["image", "label"], mask_keys="label", spatial_size=[20, 30])


def test_the_transform_resizes_images_smoothly_and_masks_to_0_and_1(blob):
    sample = RESIZE({"image": blob.expand(3, -1, -1), "label": blob, "age": "41"})
    assert torch.equal(sample["image"][1], resize_image(blob, (20, 30))[0])
    assert torch.equal(sample["label"], resize_mask(blob, (20, 30)))
    assert type(sample["image"]) is type(sample["label"]) is torch.Tensor
    assert sample["age"] == "41"


def test_a_picture_read_keeps_its_file_and_its_place_in_the_world(tmp_path):
    Image.fromarray(np.zeros((10, 12), np.uint8)).save(tmp_path / "a.png")
    read = ReadMRId(keys="image", mask_keys=(), colour=True)({"image": str(tmp_path / "a.png")})["image"]
    resized = ResizeImaged(keys="image", spatial_size=(20, 6))({"image": read})["image"]
    assert isinstance(resized, MetaTensor)
    assert resized.meta["filename_or_obj"] == read.meta["filename_or_obj"]
    assert resized.meta["spatial_shape"].tolist() == [20, 6]
    assert np.isnan(resized.meta["spacing_mm"]).all()
    corner = torch.tensor([-0.5, -0.5, 0, 1], dtype=torch.float64)
    assert (resized.affine @ corner).tolist() == (read.affine @ corner).tolist()
    last = torch.tensor([9.5, 11.5, 0, 1], dtype=torch.float64)
    new_last = torch.tensor([19.5, 5.5, 0, 1], dtype=torch.float64)
    assert (resized.affine @ new_last).tolist() == (read.affine @ last).tolist()
    assert read.meta["spatial_shape"].tolist() == [10, 12]


def test_the_spacing_of_a_slice_follows_its_size():
    plane = MetaTensor(torch.zeros(1, 10, 10), meta={"spacing_mm": np.array([1.0, 2.0])})
    resized = ResizeImaged(keys="image", spatial_size=(20, 5))({"image": plane})["image"]
    assert resized.meta["spacing_mm"].tolist() == [0.5, 4]
    assert plane.meta["spacing_mm"].tolist() == [1, 2]


def test_a_lacking_key_is_left_out_only_where_allowed():
    settings = {"keys": ["image", "label"], "mask_keys": ["label"], "spatial_size": [4, 4]}
    sample = {"image": torch.zeros(1, 2, 2)}
    assert set(ResizeImaged(**settings, allow_missing=True)(sample)) == {"image"}
    with pytest.raises(KeyError, match="label"):
        ResizeImaged(**settings)(sample)


def test_a_volume_is_refused_by_name():
    with pytest.raises(ImageError, match=r"s1: shape \(1, 4, 4, 4\) found.*cut volumes"):
        RESIZE({"image": torch.zeros(1, 4, 4, 4), "label": torch.zeros(1, 4, 4), "sample_id": "s1"})


@pytest.mark.parametrize("size", [256, [256], [0, 4], [1, 2, 3], "ab", [2.5, 4]])
def test_a_size_that_is_not_rows_and_columns_is_refused(size):
    with pytest.raises(ConfigError, match="spatial_size is"):
        ResizeImaged(keys="image", spatial_size=size)


def test_mask_keys_outside_keys_are_refused():
    with pytest.raises(ConfigError, match="mask_keys holds 'label'"):
        ResizeImaged(keys="image", mask_keys="label", spatial_size=[2, 2])
