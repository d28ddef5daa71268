from __future__ import annotations

import numpy as np
import pytest

from monai_mri.phantom.anatomy import load_anatomy
from monai_mri.phantom.distractors import bright_fluid, head_around_brain

PLAQUE_SIGNAL = 1.4


@pytest.fixture(scope="module")
def anatomy():
    return load_anatomy()


@pytest.fixture(scope="module")
def heads(anatomy):
    return [head_around_brain(anatomy, np.random.default_rng(seed)) for seed in range(3)]


def test_brain_and_air_are_left_empty(anatomy, heads):
    assert not any(head[anatomy.skull_mm == 0].any() for head in heads)
    assert not any(head[anatomy.head_mm > 25].any() for head in heads)


def test_more_than_thirty_ml_outside_the_brain_are_as_bright_as_plaques(heads):
    assert all((head > PLAQUE_SIGNAL).sum() > 30_000 for head in heads)


def test_orbits_hold_dark_globes_in_bright_fat(anatomy, heads):
    x, y, z = np.meshgrid(*anatomy.axes_mm, indexing="ij", sparse=True)
    for head in heads:
        for side in (-1, 1):
            distance_mm = np.sqrt((x - side * 31) ** 2 + (y - 53) ** 2 + (z + 37) ** 2)
            assert head[distance_mm < 6].mean() < 0.4
            orbit = (distance_mm > 14) & (distance_mm < 25) & (y < 53) & (abs(x) < 40)
            assert np.percentile(head[orbit], 90) > 1.0


def test_marrow_is_broad_in_the_topmost_slices(anatomy, heads):
    brain_area = (anatomy.skull_mm == 0).sum(axis=(0, 1))
    top = int(np.flatnonzero(brain_area).max()) - 1
    middle = int(np.searchsorted(anatomy.axes_mm[2], 20.0))
    head = np.mean(heads, axis=0)
    share = [(head[:, :, k] > 0.9).sum() / (brain_area[k] + 1) for k in (middle, top)]
    assert share[1] > 3 * share[0]


def test_fluid_is_brightened_in_the_ventricles(anatomy):
    added = bright_fluid(anatomy, np.random.default_rng(0))
    assert added.max() > 0.9
    assert (added[anatomy.ventricles] > 0.5).sum() > 20
