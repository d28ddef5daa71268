"""The contact sheet of pairs."""

import numpy as np
import pytest
from PIL import Image

from monai_mri.manifest.copies import SheetPair, pairs_sheet


@pytest.fixture
def pair(tmp_path, save_nifti):
    picture = tmp_path / "a.png"
    Image.fromarray(np.arange(1200, dtype=np.uint8).reshape(30, 40)).save(picture)
    volume = save_nifti(np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6))
    return SheetPair(picture, volume, ("s" * 60, "sub-2"), "near", 0.91, "flipped left-right")


def test_sheet_shows_a_picture_and_a_volume(pair, tmp_path):
    out = pairs_sheet([pair], tmp_path / "pairs.png")
    with Image.open(out) as sheet:
        levels = np.asarray(sheet.convert("L"))
    assert levels.shape[0] < levels.shape[1]
    assert levels.min() == 0
    assert len(np.unique(levels)) > 100


def test_sheet_grows_with_pairs_up_to_the_most(pair, tmp_path):
    heights = []
    for count in (1, 4, 6, 30):
        with Image.open(pairs_sheet([pair] * count, tmp_path / f"{count}.png", most=6)) as sheet:
            heights.append(sheet.height)
    assert heights[0] < heights[1] == heights[2] == heights[3]


def test_no_pairs_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no pairs to draw"):
        pairs_sheet([], tmp_path / "pairs.png")
