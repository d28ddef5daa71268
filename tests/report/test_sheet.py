from __future__ import annotations

import json

import pytest
from PIL import Image

from monai_mri.errors import UsageError
from monai_mri.report import OverlaySource, write_sheet


def size_of(png) -> tuple[int, int]:
    with Image.open(png, formats=["PNG"]) as sheet:
        return sheet.size


@pytest.fixture
def sources(make_run):
    run = make_run(scans=("sub-003", "sub-007"))
    samples = json.loads((run / "evaluation" / "summary.json").read_text())["samples"]
    return [
        OverlaySource(
            s["sample_id"], *(run / s[name] for name in ("image", "mask", "prediction", "probability"))
        )
        for s in samples
    ]


def test_sheet_is_a_png_with_a_row_a_sample_and_a_column_a_panel(sources, tmp_path):
    full = size_of(write_sheet(sources, tmp_path / "new" / "sheet.png", height=60))
    one_row = size_of(write_sheet(sources[:1], tmp_path / "row.png", height=60))
    columns = ("input", "truth")
    two_columns = size_of(write_sheet(sources, tmp_path / "columns.png", height=60, columns=columns))
    assert full[1] - one_row[1] == 60 + 30
    assert two_columns[0] < full[0]
    assert two_columns[1] == full[1]


def test_sheet_shows_more_slices_when_asked(sources, tmp_path):
    one = size_of(write_sheet(sources[:1], tmp_path / "one.png", height=60))
    two = size_of(write_sheet(sources[:1], tmp_path / "two.png", height=60, slices=2))
    assert two[1] > one[1]


def test_same_samples_give_the_same_bytes(sources, tmp_path):
    first, second = (write_sheet(sources, tmp_path / f"{n}.png", height=60) for n in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_unknown_column_is_a_usage_error_naming_the_known(sources, tmp_path):
    with pytest.raises(UsageError, match=r"columns saliency, expected .* input, truth"):
        write_sheet(sources, tmp_path / "sheet.png", columns=("input", "saliency"))


def test_no_samples_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="got 0 samples"):
        write_sheet([], tmp_path / "sheet.png")
