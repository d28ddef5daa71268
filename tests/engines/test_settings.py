"""Descriptions of settings: equal where a run is the same, different where it is not."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
import torch
from building import build_tiles
from monai.losses import DiceCELoss
from monai.transforms import Compose, RandAffined, RandRotated, RandScaleIntensityd
from monai.utils import GridSampleMode

from monai_mri.engines.settings import describe, first_difference, source_of
from monai_mri.networks import PlaqueFCN


def test_description_can_be_written_as_json_and_comes_back(cohort):
    for thing in (
        build_tiles(cohort),
        PlaqueFCN(),
        DiceCELoss(sigmoid=True),
        partial(torch.optim.SGD, lr=0.1),
    ):
        described = describe(thing)
        assert json.loads(json.dumps(described)) == described


def test_reading_the_data_changes_no_description(cohort):
    tiles = build_tiles(cohort)
    before = describe(tiles)
    tiles.prepare()
    tiles[(1, 0)]
    assert describe(tiles) == before


def test_weights_change_no_description_but_filters_do():
    first, second = PlaqueFCN(), PlaqueFCN()
    assert describe(first) == describe(second)
    assert describe(PlaqueFCN(filters=(20, 20, 40, 60, 21))) != describe(first)


def test_settings_deep_in_the_dataset_are_seen(cohort):
    first, second = build_tiles(cohort), build_tiles(cohort)
    second.data.data.fold = 1
    assert first_difference(describe(first), describe(second)) == "data::data::fold: was 0, is 1"


def test_transforms_are_part_of_the_description(cohort):
    first, second = build_tiles(cohort), build_tiles(cohort)
    second.data.data.transform.transforms = second.data.data.transform.transforms[:-1]
    assert describe(first) != describe(second)


def test_equal_descriptions_have_no_difference():
    assert first_difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}) is None


def test_source_is_the_dataset_of_the_manifest(cohort):
    tiles = build_tiles(cohort)
    assert source_of(tiles) is tiles.data.data


@pytest.mark.parametrize(
    ("thing", "plain"),
    [
        (GridSampleMode.BILINEAR, "bilinear"),
        (np.float64(0.5), 0.5),
        (np.int32(3), 3),
        (np.True_, True),
        (True, True),
        (torch.float32, "torch.float32"),
        (torch.Size([2, 3]), [2, 3]),
    ],
)
def test_numbers_and_names_are_described_as_pythons_own(thing, plain):
    described = describe(thing)
    assert described == plain
    assert type(described) is type(plain)


def test_what_a_transform_may_draw_is_described_in_full_however_deep_it_lies():
    augment = Compose(
        [
            RandScaleIntensityd(keys="image", factors=0.2),
            RandRotated(keys="image", range_x=0.35),
            RandAffined(keys="image", translate_range=[4, 5]),
        ]
    )
    for _ in range(3):
        augment = partial(dict, augment=augment)
    text = json.dumps(describe(augment))
    assert '"factors": [-0.2, 0.2]' in text
    assert '"range_x": [-0.35, 0.35]' in text
    assert '"translate_range": [4, 5]' in text
    assert "<class" not in text


def test_difference_in_one_of_several_transforms_is_told_by_its_name():
    first, second = (Compose([RandRotated(keys="image", range_x=width)]) for width in (0.2, 0.9))
    assert first_difference(describe(first), describe(second)) == (
        "transforms::0::rand_rotate::range_x: was [-0.2, 0.2], is [-0.9, 0.9]"
    )


def test_two_undefined_numbers_are_no_difference():
    assert first_difference({"a": float("nan")}, {"a": float("nan")}) is None
