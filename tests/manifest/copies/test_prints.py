"""The fingerprint of one image."""

import numpy as np
import pytest

from monai_mri.manifest.copies import Fingerprint, fingerprint


@pytest.fixture
def picture():
    return np.random.default_rng(0).random((48, 40), dtype=np.float32)


def test_fingerprint_survives_bytes(picture):
    volume = np.random.default_rng(1).random((20, 24, 16), dtype=np.float32)
    for array in (picture, volume, picture[:20, :20]):
        made = fingerprint(array)
        again = Fingerprint.from_bytes(made.to_bytes())
        assert (again.shape, again.voxels, again.range, again.pose) == (
            made.shape,
            made.voxels,
            made.range,
            made.pose,
        )
        np.testing.assert_array_equal(again.sketch, made.sketch)
        np.testing.assert_array_equal(again.small, made.small)


def test_fingerprint_is_smaller_than_16_kb(picture):
    volume = np.random.default_rng(1).random((60, 70, 60), dtype=np.float32)
    assert len(fingerprint(picture).to_bytes()) < 6_000
    assert len(fingerprint(volume).to_bytes()) < 16_000


@pytest.mark.parametrize("packed", [b"", b"monai-mri copies 0\n{}\n"])
def test_bytes_of_another_version_are_refused(packed):
    with pytest.raises(ValueError, match="make it from the image again"):
        Fingerprint.from_bytes(packed)


def test_bytes_cut_short_are_refused(picture):
    with pytest.raises(ValueError, match="expected 5"):
        Fingerprint.from_bytes(fingerprint(picture).to_bytes()[:-1])


@pytest.mark.parametrize(
    "array",
    [np.zeros((40, 40)), np.full((9, 9, 9), 7.0), np.eye(7), np.full((40, 40), np.nan)],
    ids=["black", "constant", "tiny", "nan"],
)
def test_an_image_that_cannot_be_told_apart_has_no_fingerprint(array):
    assert fingerprint(array.astype(np.float32)) is None


def test_four_axes_are_refused():
    with pytest.raises(ValueError, match="4 axes, expected 2 or 3"):
        fingerprint(np.ones((2, 2, 2, 2), dtype=np.float32))


def test_voxel_hash_does_not_see_memory_order_or_the_sign_of_zero(picture):
    picture[0, 0] = 0.0
    other = np.asfortranarray(picture)
    other[0, 0] = -0.0
    assert fingerprint(picture).voxels == fingerprint(other).voxels


def test_voxel_hash_sees_one_changed_pixel_and_the_shape(picture):
    changed = picture.copy()
    changed[5, 5] += 1e-3
    hashes = {fingerprint(array).voxels for array in (picture, changed, picture.reshape(40, 48))}
    assert len(hashes) == 3
