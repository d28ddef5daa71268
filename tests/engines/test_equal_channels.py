from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor

from monai_mri.engines.equal_channels import kept_once, own_copy


def test_equal_channels_take_the_memory_of_one_and_keep_values_and_meta():
    image = MetaTensor(torch.rand(1, 4, 5).repeat(3, 1, 1), meta={"filename_or_obj": "a.png"})
    kept = kept_once(image)
    assert isinstance(kept, MetaTensor)
    assert kept.meta["filename_or_obj"] == "a.png"
    assert torch.equal(kept.as_tensor(), image.as_tensor())
    assert kept.untyped_storage().nbytes() == 4 * 4 * 5


def test_a_copy_of_what_is_kept_has_channels_of_its_own():
    copy = own_copy(kept_once(torch.ones(3, 4, 5)))
    copy[1] = 7
    assert copy.flatten(1).unique(dim=1).flatten().tolist() == [1, 7, 1]


@pytest.mark.parametrize(
    "value",
    [
        torch.rand(3, 4, 5),
        torch.stack([torch.ones(4, 5), torch.ones(4, 5), torch.zeros(4, 5)]),
        torch.ones(1, 4, 5),
        torch.ones(3, 4),
        torch.full((2, 3, 3), torch.nan),
        "text",
        7,
        None,
    ],
    ids=["differing", "two alike", "one channel", "vectors", "nan", "text", "number", "none"],
)
def test_everything_else_stays_the_object_that_it_is(value):
    assert kept_once(value) is value


def test_what_is_no_tensor_has_no_copy():
    assert own_copy("text") == "text"
