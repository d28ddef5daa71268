from __future__ import annotations

from dataclasses import replace

import numpy as np

from monai_mri.phantom.signal import SITES, scan

AXES_MM = [np.arange(-60.0, 60.0, 3.0)] * 3


def test_noise_in_air_is_rician():
    site = replace(SITES[0], noise=0.05, gain=1000.0)
    image = scan(np.zeros((40, 40, 40), np.float32), AXES_MM, site=site, rng=np.random.default_rng(0))
    ratio = image.mean() / image.std()
    np.testing.assert_allclose(ratio, np.sqrt(np.pi / (4 - np.pi)), rtol=0.02)


def test_bias_is_smooth_and_mild():
    site = replace(SITES[0], noise=0.0)
    image = scan(np.ones((40, 40, 40), np.float32), AXES_MM, site=site, rng=np.random.default_rng(1)).astype(
        float
    )
    assert 0.01 < image.std() / image.mean() < 0.2
    assert np.abs(np.diff(image, axis=0)).max() < 0.02 * image.mean()


def test_draws_do_not_depend_on_the_signal():
    low, high = np.full((2, 40, 40, 40), 0.5, np.float32)
    high[20, 20, 20] = 3.0
    images = [scan(s, AXES_MM, site=SITES[1], rng=np.random.default_rng(2)) for s in (low, high)]
    assert (images[0] != images[1]).sum() == 1


def test_sites_differ_in_name_contrast_and_noise():
    for field in ("name", "gm", "csf", "noise", "gain"):
        assert len({getattr(site, field) for site in SITES}) == len(SITES)
