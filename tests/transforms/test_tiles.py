from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from monai_mri.errors import ImageError, UsageError
from monai_mri.transforms.tiles import (
    Tile,
    candidate_negatives,
    cut_tile,
    draw_negatives,
    negative_count,
    plan_tiles,
    positive_tiles,
)


@st.composite
def masks(draw):
    """Slices of blobs and specks, some larger than a tile, some slices smaller than one."""
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    mask = np.zeros((height, width), bool)
    for _ in range(draw(st.integers(0, 6))):
        row, column = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        mask[row : row + draw(st.integers(1, 14)), column : column + draw(st.integers(1, 14))] = True
    return mask


@given(mask=masks(), size=st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_every_plaque_voxel_is_covered_and_every_plaque_that_fits_lies_whole_in_a_tile(mask, size):
    tiles = positive_tiles(mask, size)
    covered = np.zeros_like(mask)
    for tile in tiles:
        covered[tile.area] = True
    assert not (mask & ~covered).any()
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    for label in range(1, count + 1):
        rows, columns = np.nonzero(labels == label)
        if np.ptp(rows) < size and np.ptp(columns) < size:
            whole = [np.count_nonzero(labels[tile.area] == label) == len(rows) for tile in tiles]
            assert any(whole)


@given(mask=arrays(bool, (17, 23), elements=st.booleans(), fill=st.just(False)), size=st.integers(1, 30))
@settings(max_examples=100, deadline=None)
def test_tiles_hold_plaque_lie_in_the_slice_and_never_repeat(mask, size):
    tiles = positive_tiles(mask, size)
    assert len(set(tiles)) == len(tiles)
    assert tiles == sorted(tiles)
    for tile in tiles:
        assert mask[tile.area].any()
        assert 0 <= tile.row <= max(0, 17 - size)
        assert 0 <= tile.column <= max(0, 23 - size)


def test_a_plaque_inside_a_grid_tile_leaves_the_grid_as_it_is():
    mask = np.zeros((448, 512), bool)
    mask[60:70, 110:120] = True
    assert positive_tiles(mask) == [Tile(50, 100, 50)]


def test_the_last_row_and_column_end_with_the_slice():
    mask = np.zeros((448, 512), bool)
    mask[447, 511] = True
    assert positive_tiles(mask) == [Tile(398, 462, 50)]


def test_a_tile_that_cuts_a_plaque_moves_just_so_far_that_it_holds_it():
    mask = np.zeros((100, 200), bool)
    mask[10:20, 95:104] = True
    assert positive_tiles(mask) == [Tile(0, 54, 50), Tile(0, 95, 50)]


def test_a_plaque_larger_than_a_tile_is_covered_by_several():
    mask = np.zeros((100, 200), bool)
    mask[40:60, 30:170] = True
    tiles = positive_tiles(mask)
    assert {tile.column for tile in tiles} == {0, 50, 100, 150}


def test_an_empty_mask_has_no_tiles():
    assert positive_tiles(np.zeros((100, 100), bool)) == []


def test_a_slice_smaller_than_a_tile_is_padded_at_its_end():
    mask = np.ones((3, 4), bool)
    (tile,) = positive_tiles(mask, 5)
    piece = cut_tile(mask, tile)
    assert piece.shape == (5, 5)
    assert piece.dtype == bool
    np.testing.assert_array_equal(piece[:3, :4], mask)
    assert piece.sum() == 12


def test_leading_axes_are_cut_along():
    array = np.arange(2 * 6 * 6).reshape(2, 6, 6)
    np.testing.assert_array_equal(cut_tile(array, Tile(1, 2, 3)), array[:, 1:4, 2:5])


@pytest.fixture
def slice_with_head():
    """Left third background noise, middle dim and flat, right bright and textured."""
    rng = np.random.default_rng(0)
    image = rng.random((60, 90)) * 0.5
    image[:, 30:60] = 40 + rng.random((60, 30))
    image[:, 60:] = 100 + 50 * rng.random((60, 30))
    mask = np.zeros((60, 90), bool)
    mask[2:5, 62:65] = True
    return image, mask


def test_no_candidate_holds_plaque_or_mere_background(slice_with_head):
    image, mask = slice_with_head
    image[:, 30:60] += 30
    tiles, weights = candidate_negatives(image, mask, 10)
    assert len(tiles) == len(weights) == 6 * 6 - 1
    assert min(tile.column for tile in tiles) == 30
    assert all(not mask[tile.area].any() for tile in tiles)
    assert weights.min() > 0
    assert weights.max() <= 1


def test_bright_and_contrasty_candidates_weigh_more(slice_with_head):
    image, mask = slice_with_head
    image[:, 30:60] += 30
    tiles, weights = candidate_negatives(image, mask, 10)
    bright = np.array([tile.column >= 60 for tile in tiles])
    assert weights[bright].mean() > 3 * weights[~bright].mean()


def test_weights_do_not_depend_on_the_intensity_scale(slice_with_head):
    image, mask = slice_with_head
    np.testing.assert_allclose(
        candidate_negatives(image * 7 + 100, mask, 10)[1], candidate_negatives(image, mask, 10)[1]
    )


def test_a_constant_slice_has_no_candidates():
    tiles, weights = candidate_negatives(np.full((30, 30), 5.0), np.zeros((30, 30), bool), 10)
    assert tiles == []
    assert weights.shape == (0,)


def test_draws_follow_the_weights_without_replacement_and_the_seed():
    tiles, weights = list(range(20)), np.r_[np.full(10, 1.0), np.full(10, 9.0)]
    rng = np.random.default_rng(3)
    drawn = [draw_negatives((tiles, weights), 5, rng) for _ in range(200)]
    assert all(len(set(once)) == 5 for once in drawn)
    assert np.mean([np.mean(np.array(once) >= 10) for once in drawn]) > 0.75
    again = np.random.default_rng(3)
    assert drawn[0] == draw_negatives((tiles, weights), 5, again)


def test_all_are_taken_where_there_are_too_few():
    assert draw_negatives((["a", "b"], np.ones(2)), 5, np.random.default_rng(0)) == ["a", "b"]
    assert draw_negatives(([], np.ones(0)), 0, np.random.default_rng(0)) == []


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (1 / 3, 50), (0.5, 100)])
def test_the_count_gives_the_share_of_all(share, expected):
    assert negative_count(100, share) == expected


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_an_impossible_share_is_refused(share):
    with pytest.raises(UsageError, match="negative_share is"):
        negative_count(10, share)


def test_a_plan_holds_one_third_without_plaque_and_is_deterministic(slice_with_head):
    image, mask = slice_with_head
    mask[20:23, ::10] = True
    plan = plan_tiles(image, mask, tile_size=10, rng=np.random.default_rng(5))
    empty = [tile for tile in plan if not mask[tile.area].any()]
    assert len(empty) == round(len(plan) / 3)
    assert plan == plan_tiles(image, mask, tile_size=10, rng=np.random.default_rng(5))
    assert plan != plan_tiles(image, mask, tile_size=10, rng=np.random.default_rng(6))


def test_wrong_input_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ImageError, match=r"expected 2D \(H, W\)"):
        positive_tiles(np.zeros((3, 3, 3), bool))
    with pytest.raises(ImageError, match="differ in shape"):
        plan_tiles(np.zeros((3, 3)), np.zeros((3, 4), bool), rng=rng)
    with pytest.raises(UsageError, match="tile_size is 0"):
        positive_tiles(np.zeros((3, 3), bool), 0)


def test_real_slices_give_tiles_that_hold_all_plaque(real_data):
    from monai_mri.images.read import read_image, read_mask

    folder = real_data / "ms60_mini/flair_mini_test"
    for path in sorted((folder / "images").glob("*.jpg"))[:4]:
        image = read_image(path)
        mask = read_mask(folder / "masks" / path.name, like=image)
        tiles = plan_tiles(image.array, mask, rng=np.random.default_rng(0))
        covered = np.zeros_like(mask)
        for tile in tiles:
            covered[tile.area] = True
        assert not (mask & ~covered).any()
        assert any(not mask[tile.area].any() for tile in tiles)
