"""Descriptions of settings: equal where a run is the same, different where it is not."""

from __future__ import annotations

import json
from functools import partial

import torch
from building import build_tiles
from monai.losses import DiceCELoss

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
