from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from monai_mri.engines.pipeline import pictures
from monai_mri.engines.pipeline.pictures import (
    FALSE,
    FOUND,
    MISSED,
    OPACITY,
    SIDE,
    TRUTH,
    as_shown,
    draw_figure,
    draw_gallery,
    draw_unsure,
)


def shown(*, truth=True, marked=None, volume=False):
    """A black square picture with a tumour in its upper left quarter."""
    mask = torch.zeros(1, 8, 8)
    mask[:, :4, :4] = 1
    return as_shown(
        torch.zeros(3, 8, 8),
        caption="a",
        volume=volume,
        truth=mask if truth else None,
        marked=marked or {},
    )


def colours(path):
    """Pixels of each colour of a picture."""
    with Image.open(path) as image:
        return {colour: count for count, colour in image.getcolors(maxcolors=2**20)}


def over_black(colour):
    return tuple(round(OPACITY * part) for part in colour)


def test_right_false_and_missed_pixels_have_their_colours(tmp_path):
    half = np.zeros((8, 8), bool)
    half[:4, 2:6] = True
    found = colours(draw_figure([shown(marked={"unet": half})], tmp_path / "figure.png"))
    quarter = SIDE * SIDE // 8
    assert [found[over_black(colour)] for colour in (FOUND, FALSE, MISSED)] == [quarter] * 3


def test_without_truth_no_column_and_no_key_of_it_is_drawn(tmp_path):
    mask = np.ones((8, 8), bool)
    path = draw_figure([shown(truth=False, marked={"unet": mask})], tmp_path / "figure.png")
    found = colours(path)
    assert found[over_black(FOUND)] == SIDE * SIDE
    assert MISSED not in found
    with Image.open(path) as image:
        assert image.width < 3 * SIDE


def test_missed_tumours_are_outlined_in_the_upper_row_and_empty_rows_take_no_room(tmp_path):
    path = draw_gallery([shown()], [], tmp_path / "gallery.png")
    found = colours(path)
    assert 0 < found[TRUTH] < SIDE * SIDE // 8
    with Image.open(path) as image:
        one_row = image.height
        array = np.asarray(image)
    assert (array[: one_row // 2] == TRUTH).all(axis=-1).any()
    with Image.open(draw_gallery([shown()], [shown()], tmp_path / "both.png")) as image:
        assert image.height > one_row + SIDE


def test_a_gallery_says_of_how_many_it_shows_some():
    assert pictures._count([shown()], 23) == "1 of 23"
    assert pictures._count([shown()], 1) == "1"
    assert pictures._count([], 0) == "none"


def test_planes_of_volumes_lie_as_radiologists_see_them():
    mask = torch.zeros(1, 6, 8)
    mask[:, 5, 7] = 1  # the patient's right, in front
    image = as_shown(torch.zeros(1, 6, 8), caption="", volume=True, truth=mask)
    assert image.image.shape == (8, 6, 3)
    assert np.argwhere(image.truth).tolist() == [[0, 0]]


def test_two_channels_are_drawn_as_the_first_in_grey():
    pixels = torch.stack([torch.arange(4.0).reshape(2, 2), torch.full((2, 2), 9.0)])
    image = as_shown(pixels, caption="", volume=False).image
    assert (image[..., 0] == image[..., 1]).all()
    assert image[0, 0, 0] == 0
    assert image[1, 1, 0] == 255


def test_a_long_name_is_cut_and_many_pictures_make_rows(tmp_path):
    named = as_shown(torch.rand(3, 8, 8), caption="x" * 200, volume=False)
    with Image.open(draw_unsure([named] * 7, tmp_path / "unsure.png")) as image:
        assert image.width < 7 * SIDE
        assert image.height > 2 * SIDE
