"""The small picture that near-copies are found by."""

import numpy as np
from scipy.ndimage import gaussian_filter

from monai_mri.manifest.copies.thumbnails import thumbnail


def blob(shape, centre, radius):
    cells = np.indices(shape)
    inside = sum((axis - middle) ** 2 for axis, middle in zip(cells, centre, strict=True)) < radius**2
    texture = 100 + 20 * np.sin(cells[0] / 3) * np.cos(cells[1] / 4)
    return gaussian_filter(inside * texture, 1).astype(np.float32)


def test_thumbnail_does_not_see_padding_or_resizing():
    picture = blob((100, 100), (50, 50), 30)
    expected = thumbnail(picture).astype(float)
    for other in (np.pad(picture, ((40, 0), (0, 60))), picture.repeat(2, 0).repeat(3, 1)):
        assert np.abs(thumbnail(other) - expected).mean() < 3


def test_thumbnail_has_one_size_for_pictures_and_one_for_volumes():
    assert thumbnail(blob((70, 200), (30, 90), 20)).shape == (64, 64)
    assert thumbnail(blob((30, 40, 20), (15, 20, 10), 8)).shape == (24, 24, 24)


def test_one_bright_pixel_is_no_error():
    picture = np.zeros((50, 50), dtype=np.float32)
    picture[10, 10] = 1
    assert thumbnail(picture).max() == 255
