from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monai_mri.phantom.tumour_scanner import CHANNELS, INSTITUTIONS, scan_slices

AXES_MM = [np.arange(0, 240, 8.0), np.arange(0, 240, 8.0), np.arange(0, 90, 10.0)]
SHAPE = tuple(map(len, AXES_MM))


def scan(institution, **levels):
    signals = {name: np.full(SHAPE, levels.get(name, 1.0), dtype=np.float32) for name in CHANNELS}
    return scan_slices(signals, AXES_MM, institution=institution, rng=np.random.default_rng(0))


@pytest.mark.parametrize("institution", INSTITUTIONS, ids=lambda one: one.name)
def test_white_matter_has_the_institutions_intensity_to_an_eighth(institution):
    image = scan(institution)
    assert image.shape == (*SHAPE, 3)
    np.testing.assert_allclose(image.mean(axis=(0, 1, 2)), institution.white, rtol=0.16)


def test_intensity_follows_gamma():
    quiet = replace(INSTITUTIONS[1], noise=0.0, bias=0.0)
    one, half = (scan(quiet, flair=level)[..., 1].mean() for level in (1.0, 0.5))
    assert half / one == pytest.approx(0.5**quiet.gamma, rel=0.02)


def test_air_is_dark_but_not_black():
    air = scan(INSTITUTIONS[3], pre=0.0)[..., 0]
    assert 0 < air.mean() < 12


def test_what_is_too_bright_is_white():
    assert (scan(INSTITUTIONS[0], post=9.0)[..., 2] == 255).all()


def test_noise_and_gain_do_not_depend_on_the_signal():
    plain, other = scan(INSTITUTIONS[2]), scan(INSTITUTIONS[2], flair=2.0)
    for channel in (0, 2):
        assert np.array_equal(plain[..., channel], other[..., channel])
