from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from monai_mri.errors import ImageError, UsageError
from monai_mri.explain import sagittal_sheet
from monai_mri.explain.sheet import GAP, MARGIN, slice_places

SHAPE = (13, 15, 11)
ZOOM = 20


def tile(path, number, columns=10):
    left = MARGIN + number % columns * (15 * ZOOM + GAP)
    upper = MARGIN + number // columns * (11 * ZOOM + GAP)
    with Image.open(path) as sheet:
        return np.asarray(sheet.crop((left, upper, left + 15 * ZOOM, upper + 11 * ZOOM))).astype(int)


def redness(rgb):
    return rgb[..., 0] - rgb[..., 2]


def test_a_planted_corner_is_red_where_front_and_top_are(tmp_path):
    values, volume = np.zeros(SHAPE), np.full(SHAPE, 0.5)
    values[12, 14, 10] = 1
    path = sagittal_sheet(values, volume, tmp_path / "new" / "sheet.png", slices=60)
    last = redness(tile(path, 12))
    assert last[:ZOOM, -ZOOM:].mean() > 80
    assert np.abs(last[ZOOM:, :-ZOOM]).max() < 5
    assert np.abs(redness(tile(path, 11))[30:]).max() < 5


def test_sixty_slices_are_drawn_of_a_volume_that_has_more():
    places = slice_places(121, 60)
    assert len(places) == len(set(places)) == 60
    assert places == sorted(places)
    assert places[0] + places[-1] == pytest.approx(120, abs=1)


def test_a_map_of_zeros_leaves_the_anatomy_grey(tmp_path):
    volume = np.random.default_rng(0).random(SHAPE)
    path = sagittal_sheet(np.zeros(SHAPE), volume, tmp_path / "sheet.png", slices=3)
    assert np.abs(redness(tile(path, 1, columns=3)[30:])).max() == 0


def test_what_speaks_against_is_blue_and_what_speaks_for_is_red(tmp_path):
    values, volume = np.zeros(SHAPE), np.full(SHAPE, 0.5)
    values[12, 14, 10], values[12, 0, 0] = 1, -2
    last = redness(tile(sagittal_sheet(values, volume, tmp_path / "sheet.png"), 12))
    assert last[:ZOOM, -ZOOM:].mean() > 40
    assert last[-ZOOM:, :ZOOM].mean() < -80


def test_a_flat_volume_is_drawn(tmp_path):
    assert sagittal_sheet(np.ones(SHAPE), np.zeros(SHAPE), tmp_path / "sheet.png", title="CAM").is_file()


def test_other_shapes_and_no_slices_are_refused(tmp_path):
    with pytest.raises(ImageError, match="expected the same"):
        sagittal_sheet(np.zeros(SHAPE), np.zeros((2, 2, 2)), tmp_path / "a.png")
    with pytest.raises(UsageError, match="0 slices"):
        sagittal_sheet(np.zeros(SHAPE), np.zeros(SHAPE), tmp_path / "a.png", slices=0)
