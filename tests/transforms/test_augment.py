from __future__ import annotations

import numpy as np
import pytest

from monai_mri.transforms.augment import augment_tile

TILE = np.arange(9, dtype=np.float32).reshape(3, 3)


def test_image_and_mask_move_together():
    rng = np.random.default_rng(0)
    for _ in range(20):
        image, mask = augment_tile(TILE, TILE > 5, rng=rng, gain=0, offset=0)
        np.testing.assert_array_equal(mask, image > 5)
        assert mask.dtype == bool
        assert image.dtype == np.float32


def test_all_eight_poses_of_a_square_occur():
    rng = np.random.default_rng(0)
    poses = {augment_tile(TILE, TILE > 5, rng=rng, gain=0, offset=0)[0].tobytes() for _ in range(200)}
    assert len(poses) == 8


def test_the_same_state_gives_the_same_tile_and_leaves_the_same_state():
    first, second = np.random.default_rng(7), np.random.default_rng(7)
    augment_tile(TILE, TILE > 5, rng=first)
    augment_tile(TILE, TILE > 5, rng=second, flip=False, turn=False, gain=0, offset=0)
    np.testing.assert_array_equal(
        augment_tile(TILE, TILE > 5, rng=first)[0], augment_tile(TILE, TILE > 5, rng=second)[0]
    )


def test_intensities_stay_within_the_settings():
    rng = np.random.default_rng(0)
    scales = []
    for _ in range(50):
        image, _ = augment_tile(TILE, TILE > 5, rng=rng, flip=False, turn=False, gain=0.1, offset=0.2)
        scales.append(float((image[0, 1] - image[0, 0]) / (TILE[0, 1] - TILE[0, 0])))
        assert abs(image[0, 0]) <= 0.2 * TILE.std() + 1e-5
    assert 0.9 <= min(scales) < 0.95 < 1.05 < max(scales) <= 1.1


def test_everything_off_changes_nothing():
    image, mask = augment_tile(
        TILE, TILE > 5, rng=np.random.default_rng(0), flip=False, turn=False, gain=0, offset=0
    )
    np.testing.assert_array_equal(image, TILE)
    np.testing.assert_array_equal(mask, TILE > 5)


@pytest.mark.parametrize("shape", [(2, 5), (4, 2, 5)])
def test_a_tile_that_is_not_square_keeps_its_shape(shape):
    rng = np.random.default_rng(0)
    for _ in range(10):
        image, mask = augment_tile(np.ones(shape), np.ones(shape, bool), rng=rng)
        assert image.shape == mask.shape == shape
