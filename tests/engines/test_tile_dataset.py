from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from monai_mri.engines import ManifestDataset, SliceDataset, TileDataset
from monai_mri.errors import ManifestError, MonaiMRIError
from monai_mri.transforms import ReadMRId

READ = ReadMRId(keys=["image", "label"], mask_keys=["label"], allow_missing=True)


def slices(manifest: Path, *, which: str = "all", **settings) -> SliceDataset:
    volumes = {"manifest": manifest, "part": "train", "images": ["flair"], "transform": READ, **settings}
    return SliceDataset(data=ManifestDataset(**volumes), slices=which)


@pytest.fixture(scope="module")
def cut(cohort) -> SliceDataset:
    return slices(cohort)


def tiles(cut: SliceDataset, **settings) -> TileDataset:
    return TileDataset(**{"data": cut, "tile_size": 8, **settings})


def places(data: TileDataset, epoch: int = 0) -> list[tuple]:
    return data.positives + data.negatives(epoch)


def labels(data: TileDataset) -> list[bool]:
    return [bool(data[index]["label"].any()) for index in range(len(data))]


def test_a_tile_is_a_square_of_image_and_mask_with_its_origin_in_its_name(cut):
    data = tiles(cut)
    number, tile = data.positives[0]
    sample = data[0]
    assert sample["image"].shape == sample["label"].shape == (1, 8, 8)
    assert sample["image"].dtype == sample["label"].dtype == torch.float32
    assert type(sample["image"]) is torch.Tensor
    rows, columns = slice(tile.row, tile.row + 8), slice(tile.column, tile.column + 8)
    np.testing.assert_array_equal(sample["image"].numpy(), np.asarray(cut[number]["image"])[:, rows, columns])
    np.testing.assert_array_equal(sample["label"].numpy(), np.asarray(cut[number]["label"])[:, rows, columns])
    assert cut[number]["sample_id"] in sample["sample_id"]
    assert f"row {tile.row}, column {tile.column}" in sample["sample_id"]
    assert sample["subject_id"] == cut[number]["subject_id"]


def test_every_pixel_of_plaque_lies_in_a_tile(cut):
    missing = {number: np.asarray(cut[number]["label"])[0] > 0 for number in range(len(cut))}
    for number, tile in tiles(cut).positives:
        missing[number][tile.row : tile.row + 8, tile.column : tile.column + 8] = False
    assert not any(mask.any() for mask in missing.values())


@pytest.mark.parametrize("share", [0, 0.2, 1 / 3, 0.5])
def test_the_share_without_plaque_is_as_asked_and_those_with_come_first(cut, share):
    found = labels(tiles(cut, negative_share=share))
    assert found == sorted(found, reverse=True)
    assert found.count(False) == round(found.count(True) * share / (1 - share))


def test_a_share_that_cannot_be_reached_takes_all_there_are(cut):
    found = labels(tiles(cut, negative_share=0.99, tile_size=16))
    assert 0 < found.count(False) < 99 * found.count(True)


@pytest.mark.parametrize("share", [-0.1, 1, 1.5])
def test_a_share_out_of_range_is_refused(cut, share):
    with pytest.raises(MonaiMRIError, match="negative_share"):
        len(tiles(cut, negative_share=share))


def test_no_tile_comes_twice(cut):
    chosen = places(tiles(cut))
    assert len(set(chosen)) == len(chosen)


def test_the_draw_depends_on_the_seed_alone(cut, cohort):
    assert places(tiles(cut)) == places(tiles(slices(cohort)))
    assert tiles(cut).negatives() != tiles(cut, seed=1).negatives()
    assert tiles(cut).positives == tiles(cut, seed=1).positives


def test_preparing_does_not_change_the_tiles(cut):
    data = tiles(cut)
    before = places(data)
    data.prepare()
    assert places(data) == before


def test_augmentation_is_a_pure_function_of_seed_epoch_and_tile(cut):
    settings = {"gain": 0.1, "offset": 0.1}
    one, other = tiles(cut, augment=settings), tiles(cut, augment=settings)
    pairs = [(epoch, index) for epoch in (1, 2) for index in range(4)]
    wanted = {pair: one[pair] for pair in pairs}
    np.random.seed(3)
    torch.manual_seed(3)
    for pair in reversed(pairs):
        assert torch.equal(other[pair]["image"], wanted[pair]["image"])
        assert torch.equal(other[pair]["label"], wanted[pair]["label"])
    assert not torch.equal(wanted[1, 0]["image"], wanted[2, 0]["image"])
    assert settings == {"gain": 0.1, "offset": 0.1}


def test_without_redrawing_every_epoch_has_the_same_tiles(cut):
    data = tiles(cut)
    assert data.negatives(1) == data.negatives(2) == data.negatives()


def test_redrawing_is_a_pure_function_of_seed_and_epoch_and_keeps_the_number(cut):
    one, other = tiles(cut, redraw=True), tiles(cut, redraw=True)
    wanted = {epoch: list(one.negatives(epoch)) for epoch in range(4)}
    assert {epoch: other.negatives(epoch) for epoch in (2, 0, 3, 1)} == wanted
    assert wanted[1] != wanted[2]
    assert {len(drawn) for drawn in wanted.values()} == {len(one) - len(one.positives)}
    assert wanted[1] != tiles(cut, redraw=True, seed=1).negatives(1)


def test_redrawn_tiles_hold_no_plaque_and_are_the_ones_that_come_out(cut):
    data = tiles(cut, redraw=True)
    for epoch in (2, 1):
        for index, (number, tile) in enumerate(data.negatives(epoch), start=len(data.positives)):
            sample = data[(epoch, index)]
            assert not sample["label"].any()
            assert sample["sample_id"].startswith(cut[number]["sample_id"])
            assert f"row {tile.row}, column {tile.column}" in sample["sample_id"]


def place(sample: dict) -> tuple[int, int]:
    row, column = re.findall(r"row (\d+), column (\d+)", sample["sample_id"])[0]
    return int(row), int(column)


def test_a_shifted_tile_stays_near_and_within_its_slice_and_is_cut_where_it_says(cut):
    data = tiles(cut, shift=3)
    starts = set()
    for epoch in range(1, 20):
        for index, (number, tile) in enumerate(data.positives):
            sample = data[(epoch, index)]
            row, column = place(sample)
            starts.add((row - tile.row, column - tile.column))
            assert 0 <= row <= 40 - 8
            assert 0 <= column <= 32 - 8
            square = (slice(None), slice(row, row + 8), slice(column, column + 8))
            np.testing.assert_array_equal(sample["image"].numpy(), np.asarray(cut[number]["image"])[square])
            np.testing.assert_array_equal(sample["label"].numpy(), np.asarray(cut[number]["label"])[square])
    assert {abs(gap) for start in starts for gap in start} == {0, 1, 2, 3}


def test_shifting_is_pure_and_leaves_plain_tiles_alone(cut):
    one, other = tiles(cut, shift=3), tiles(cut, shift=3)
    assert [place(one[(2, index)]) for index in range(5)] == [place(other[(2, index)]) for index in range(5)]
    assert place(one[0]) == (one.positives[0][1].row, one.positives[0][1].column)


def test_a_tile_larger_than_a_slice_cannot_be_shifted_out_of_it(cut):
    sample = tiles(cut, tile_size=48, shift=5)[(1, 0)]
    assert sample["image"].shape == (1, 48, 48)
    assert place(sample) == (0, 0)
    assert sample["label"].any()


def test_augmentation_moves_image_and_mask_together(cut):
    data = tiles(cut, augment={"gain": 0, "offset": 0})
    plain = data[0]
    wanted = sorted(plain["image"][plain["label"] > 0].tolist())
    for epoch in range(1, 9):
        sample = data[(epoch, 0)]
        assert sorted(sample["image"][sample["label"] > 0].tolist()) == wanted


def test_without_an_epoch_or_without_settings_a_tile_is_as_it_is(cut):
    data = tiles(cut, augment={"gain": 0.5, "offset": 0.5})
    assert torch.equal(data[0]["image"], tiles(cut)[0]["image"])
    assert torch.equal(tiles(cut)[(3, 0)]["image"], tiles(cut)[0]["image"])


def test_augmentation_leaves_the_slices_as_they_were(cut):
    before = [sample["image"].clone() for sample in cut.samples]
    data = tiles(cut, augment={})
    for index in range(len(data)):
        sample = data[(1, index)]
        sample["image"] += 1
        plain = data[index]["image"]
        plain += 1
    assert all(torch.equal(one, sample["image"]) for one, sample in zip(before, cut.samples, strict=True))


def test_a_tile_larger_than_a_slice_is_padded_with_zeros(cut):
    sample = tiles(cut, tile_size=48)[0]
    assert sample["image"].shape == (1, 48, 48)
    assert not sample["image"][:, 40:].any()
    assert not sample["image"][:, :, 32:].any()


def test_several_channels_are_cut_alike(cut):
    class Twice(SliceDataset):
        def __getitem__(self, index):
            sample = super().__getitem__(index)
            return sample | {"image": torch.cat([sample["image"], -sample["image"]])}

    sample = tiles(Twice(data=cut.data))[0]
    assert sample["image"].shape == (2, 8, 8)
    assert torch.equal(sample["image"][0], -sample["image"][1])


def test_the_subjects_are_those_of_the_slices(cut):
    assert tiles(cut).subjects == cut.subjects


def test_slices_without_a_mask_are_said_as_an_error_of_the_manifest(cohort):
    with pytest.raises(ManifestError, match="mask"):
        len(tiles(slices(cohort, mask=None)))


def test_slices_without_any_plaque_are_said_as_an_error_of_the_manifest(cohort):
    def emptied(sample):
        read = READ(sample)
        return read | {"label": read["label"] * 0}

    with pytest.raises(ManifestError, match="manifest"):
        len(tiles(slices(cohort, transform=emptied)))


def test_an_unknown_setting_of_the_augmentation_is_refused_before_training(cut):
    with pytest.raises((MonaiMRIError, TypeError), match="gains"):
        tiles(cut, augment={"gains": 0.1}).prepare()
