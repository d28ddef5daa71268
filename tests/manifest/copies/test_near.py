"""Aligned detail of thumbnails."""

import numpy as np
from scipy import ndimage

from monai_mri.manifest.copies.near import near_matches


def texture(seed):
    rng = np.random.default_rng(seed)
    noise = sum(width * ndimage.gaussian_filter(rng.random((64, 64)), width) for width in (1.5, 5))
    return np.rint(255 * (noise - noise.min()) / np.ptp(noise)).astype(np.uint8)


def test_rotation_is_undone_before_detail_is_compared():
    turned = ndimage.rotate(texture(0).astype(float), 11, reshape=False, order=1, mode="nearest").astype(
        np.uint8
    )
    (match,) = near_matches([texture(0), texture(1), turned], np.arange(3), least=0.6)
    assert (match.first, match.second) == (0, 2)
    assert match.similarity > 0.8


def test_flat_thumbnails_match_nothing():
    flat = np.zeros((64, 64), dtype=np.uint8)
    flat[30, 30] = 255
    assert near_matches([flat, flat], np.arange(2), least=0.5) == []
