from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from monai_mri.errors import ImageError
from monai_mri.transforms import CropToHeadd, head_box

SHAPE = (24, 20, 22)
HEAD = (slice(5, 19), slice(3, 17), slice(6, 22))


def noisy_head(*, noise=0.08, seed=0) -> np.ndarray:
    """A block of tissue of 100 in Rayleigh noise."""
    rng = np.random.default_rng(seed)
    volume = np.hypot(*rng.normal(0, 100 * noise, (2, *SHAPE)))
    volume[HEAD] += 100
    return volume.astype(np.float32)


def tensor(volume: np.ndarray, name="scan.nii.gz") -> MetaTensor:
    return MetaTensor(torch.from_numpy(volume[None].copy()), meta={"filename_or_obj": name})


@pytest.mark.parametrize("noise", [0.0, 0.03, 0.08])
@pytest.mark.parametrize("units", [1e-3, 1.0, 4e3])
def test_the_box_is_the_heads_in_any_unit_and_noise(noise, units):
    assert head_box(noisy_head(noise=noise) * np.float32(units)) == HEAD


def test_bright_specks_in_air_lie_outside():
    volume = noisy_head()
    volume[0, 0, 0] = volume[23, 19, 0] = 500
    assert head_box(volume) == HEAD


def test_noise_without_a_head_is_refused():
    with pytest.raises(ImageError, match="no head found"):
        head_box(np.indices((9, 9, 9)).sum(axis=0).astype(np.float32) % 2)


def test_a_head_that_fills_the_image_is_left_whole():
    assert head_box(np.linspace(50, 150, 60, dtype=np.float32).reshape(3, 4, 5)) == (
        slice(0, 3),
        slice(0, 4),
        slice(0, 5),
    )


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0])
def test_a_constant_image_is_refused_by_name(value):
    with pytest.raises(ImageError, match=r"^a\.nii: an empty or constant image.*E302"):
        CropToHeadd("image")(
            {"image": tensor(noisy_head()), "guide": tensor(np.full(SHAPE, value, np.float32), "a.nii")}
        )


def test_a_lesion_map_is_cut_by_the_box_of_its_flair():
    lesions = np.zeros(SHAPE, dtype=np.float32)
    lesions[7, 4, 9] = 1
    channels = MetaTensor(torch.from_numpy(np.stack([noisy_head(), lesions])), meta={"filename_or_obj": "x"})
    sample = CropToHeadd("image")({"image": channels, "guide": tensor(noisy_head()), "label": 1})
    assert sample["image"].shape == (2, 14, 14, 16)
    assert sample["image"][1].nonzero().tolist() == [[2, 1, 3]]
    assert sample.keys() == {"image", "label"}


def test_the_guide_may_be_one_of_the_images():
    sample = CropToHeadd(["flair"], guide="flair")({"flair": tensor(noisy_head())})
    assert sample["flair"].shape == (1, 14, 14, 16)


def test_an_image_on_another_grid_is_refused_by_name():
    with pytest.raises(ImageError, match=r"^other\.nii: shape \(4, 4, 4\), expected \(24, 20, 22\) .*E209"):
        CropToHeadd("image")(
            {"image": tensor(np.ones((4, 4, 4), np.float32), "other.nii"), "guide": tensor(noisy_head())}
        )
