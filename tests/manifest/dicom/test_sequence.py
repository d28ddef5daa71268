from __future__ import annotations

from dataclasses import replace

import pytest

from monai_mri.manifest.dicom.sequence import (
    SEQUENCES,
    guess_sequence,
    has_contrast,
    is_localizer,
    part_of_signal,
)
from monai_mri.manifest.dicom.tags import read_instance

CONTRAST = (
    "t1_mprage_sag_km", "t1 nach km", "t1_mit_kontrastmittel", "t1 kontrast", "t1_post_gd", "t1 +c", "t1 c+",
    "sag t1 gad", "ax t1_ce_fs", "t1 injecté", "3d t1 gado", "t1 inj", "t1 mdc", "t1 with contrast",
    "t1 con contraste", "vor und nach km", "t1_gd_tra", "t1 postcontrast",
)  # fmt: skip
NATIVE = (
    "t1 ohne km", "t1_vor_km", "t1 sans injection", "t1 non injecté", "t1 without contrast", "t1 pre gd",
    "kmz t1", "cerebrum t1", "gdc t1", "3d t1 space", "t1 c-", "phase contrast", "t1_senza_mdc",
)  # fmt: skip


@pytest.fixture
def bare(write_series, tmp_path):
    image = read_instance(write_series(tmp_path, slices=[0])[0])
    return replace(image, text="", tr_ms=None, te_ms=None, ti_ms=None, scanning=())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t2_space_dark-fluid_sag", "FLAIR"),
        ("ax t2 flair fs", "FLAIR"),
        ("t1_mprage_sag_p2", "T1w"),
        ("sag 3d bravo", "T1w"),
        ("t2_tse_tra", "T2w"),
        ("t2*_fl2d_hemo", "T2starw"),
        ("ax swan", "SWI"),
        ("ep2d_diff_3scan_trace", "DWI"),
        ("pd_tse", "PDw"),
        ("tof_3d", "other"),
    ],
)
def test_words_tell_the_sequence(bare, text, expected):
    assert guess_sequence(replace(bare, text=text)) == (expected, "name" if expected != "other" else "")


@pytest.mark.parametrize(
    ("tr", "te", "ti", "scanning", "expected"),
    [
        (9000, 120, 2500, "SE", "FLAIR"),
        (5000, 390, 1800, "SE", "FLAIR"),
        (500, 12, None, "SE", "T1w"),
        (4000, 100, None, "SE", "T2w"),
        (2500, 15, None, "SE", "PDw"),
        (2300, 3, 900, "GR", "T1w"),
        (28, 20, None, "GR", "T2starw"),
        (8, 3, None, "GR", "T1w"),
        (3000, 90, None, "EP", "other"),
        (None, 90, None, "SE", "other"),
    ],
)
def test_timing_tells_the_sequence_where_words_do_not(bare, tr, te, ti, scanning, expected):
    image = replace(bare, tr_ms=tr, te_ms=te, ti_ms=ti, scanning=(scanning,))
    assert guess_sequence(image) == (expected, "timing" if expected != "other" else "")


def test_a_t1_flair_is_t1_weighted_and_a_t2_flair_is_not(bare):
    assert guess_sequence(replace(bare, text="ax t1 flair", te_ms=20))[0] == "T1w"
    assert guess_sequence(replace(bare, text="t1 loc t2 flair", te_ms=120))[0] == "FLAIR"


def test_the_image_type_goes_before_words(bare):
    assert guess_sequence(replace(bare, text="t2", image_type=("DERIVED", "PRIMARY", "ADC"))) == (
        "DWI",
        "type",
    )
    assert guess_sequence(replace(bare, text="t2", diffusion=True)) == ("DWI", "type")


@pytest.mark.parametrize("text", ["t1_mprage_post", "t1 + c", "t1 gd", "ax t1 ce", "t1_se_gado", *CONTRAST])
def test_contrast_is_seen_in_the_description(bare, text):
    assert has_contrast(replace(bare, text=text))


@pytest.mark.parametrize("text", ["t1 pre", "posterior fossa t1", "t1 space", *NATIVE])
def test_contrast_is_not_seen_where_it_is_not(bare, text):
    assert not has_contrast(replace(bare, text=text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("localizer", True), ("3-plane loc", True), ("aahscout", True), ("local t1", False)],
)
def test_localizers_are_told_by_their_words(bare, text, expected):
    assert is_localizer(replace(bare, text=text)) is expected


def test_parts_of_a_complex_signal_are_told_by_the_image_type(bare):
    parts = [
        part_of_signal(replace(bare, image_type=("ORIGINAL", "PRIMARY", kind))) for kind in ("M", "P", "R")
    ]
    assert parts == ["", "phase", "real"]


def test_every_guess_is_a_known_sequence(bare):
    assert guess_sequence(bare)[0] in SEQUENCES
