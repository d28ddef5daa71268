from __future__ import annotations

import numpy as np

from monai_mri.phantom.fields import SmoothField

BOX = {"origin_mm": (-50.0, -60.0, -40.0), "extent_mm": (100.0, 120.0, 80.0)}
AXES_MM = [np.linspace(o, o + n, 41) for o, n in zip(BOX["origin_mm"], BOX["extent_mm"], strict=True)]


def draw(seed: int, sigma_mm: float) -> SmoothField:
    return SmoothField(np.random.default_rng(seed), **BOX, sigma_mm=sigma_mm)


def test_field_has_about_unit_spread_and_no_mean():
    spread = [draw(seed, 12.0).on_grid(AXES_MM).std() for seed in range(20)]
    assert 0.8 < np.mean(spread) < 1.2
    assert abs(draw(3, 6.0).on_grid(AXES_MM).mean()) < 0.1


def test_wider_gaussian_gives_gentler_slopes():
    narrow, wide = (np.abs(np.diff(draw(1, sigma).on_grid(AXES_MM), axis=0)).mean() for sigma in (6.0, 24.0))
    assert wide < narrow / 2


def test_value_at_a_point_does_not_depend_on_the_grid():
    field = draw(5, 10.0)
    every_second = field.on_grid([axis[::2] for axis in AXES_MM])
    np.testing.assert_allclose(field.on_grid(AXES_MM)[::2, ::2, ::2], every_second, atol=1e-4)


def test_correlation_falls_as_that_of_smoothed_noise():
    sigma_mm, step_mm = 8.0, 8.0
    pairs = [
        draw(seed, sigma_mm).on_grid([np.array([0.0, step_mm]), AXES_MM[1], AXES_MM[2]]) for seed in range(30)
    ]
    correlation = np.corrcoef(np.concatenate([pair.reshape(2, -1) for pair in pairs], axis=1))[0, 1]
    np.testing.assert_allclose(correlation, np.exp(-(step_mm**2) / (4 * sigma_mm**2)), atol=0.08)
