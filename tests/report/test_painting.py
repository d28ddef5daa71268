from __future__ import annotations

import numpy as np

from monai_mri.report.painting import (
    FALSE,
    FOUND,
    MISSED,
    outline,
    paint,
    paint_agreement,
    resize_colour,
    resize_mask,
    to_picture,
)

GREY = np.full((4, 6, 3), 0.5, dtype=np.float32)


def test_paint_changes_the_mask_alone():
    where = np.zeros((4, 6), dtype=bool)
    where[1, 2] = True
    painted = paint(GREY, where, (255, 0, 0), 1.0)
    assert painted[1, 2].tolist() == [1.0, 0.0, 0.0]
    np.testing.assert_array_equal(painted[~where], GREY[~where])


def test_found_false_and_missed_have_their_colours():
    truth, prediction = np.zeros((2, 4, 6), dtype=bool)
    truth[0, :2], prediction[0, 1:3] = True, True
    painted = paint_agreement(GREY, truth, prediction)[0]
    for place, colour in ((0, MISSED), (1, FOUND), (2, FALSE)):
        np.testing.assert_allclose(painted[place], 0.8 * np.array(colour) / 255 + 0.2 * 0.35, rtol=1e-5)


def test_outline_lies_inside_the_mask_and_leaves_its_middle():
    mask = np.zeros((12, 12), dtype=bool)
    mask[2:10, 2:10] = True
    line = outline(mask)
    assert not (line & ~mask).any()
    assert line[2, 2]
    assert not line[5, 5]


def test_single_pixels_survive_being_made_smaller():
    mask = np.zeros((8, 8), dtype=bool)
    mask[2:4, 2:4] = True
    assert resize_mask(mask, (4, 4)).sum() == 1


def test_colour_is_resized_channel_by_channel_within_0_and_1():
    image = np.zeros((2, 2, 3), dtype=np.float32)
    image[..., 1], image[0, :, 2] = 1.0, 1.0
    larger = resize_colour(image, (6, 4))
    assert larger.shape == (4, 6, 3)
    assert larger[..., 0].max() == 0.0
    assert larger[..., 1].min() == 1.0
    assert larger[0, 0, 2] > 0.9 > 0.1 > larger[3, 0, 2]
    assert larger.min() >= 0
    assert larger.max() <= 1


def test_picture_holds_values_from_0_to_255():
    picture = to_picture(np.stack([np.full((2, 3), value) for value in (0.0, 0.5, 2.0)], axis=2))
    assert picture.size == (3, 2)
    assert picture.getpixel((0, 0)) == (0, 128, 255)
