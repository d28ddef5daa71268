from __future__ import annotations

import numpy as np
import pytest

from monai_mri.phantom.anatomy import load_anatomy
from monai_mri.phantom.nmosd_places import (
    TRACT,
    PlaceMap,
    along_line,
    inner_mm,
    ms_map,
    nmosd_map,
    tissue,
)


@pytest.fixture(scope="module")
def anatomy():
    return load_anatomy(step_mm=2)


@pytest.fixture(scope="module")
def densities(anatomy):
    return [made(anatomy).density(anatomy.wm.shape) for made in (ms_map, nmosd_map)]


def share(density, anatomy, x, y, z):
    """Share of a density within limits in mm."""
    inside = [(axis >= a) & (axis <= b) for axis, (a, b) in zip(anatomy.axes_mm, (x, y, z), strict=True)]
    return density[np.ix_(*inside)].sum()


def test_a_quantile_finds_each_voxel_as_often_as_its_density_says():
    places = PlaceMap.of(np.array([[0.0, 1.0], [3.0, 0.0]]))
    found = [places.at(quantile) for quantile in (np.arange(1000) + 0.5) / 1000]
    assert np.bincount(found, minlength=4).tolist() == [0, 250, 750, 0]
    assert places.at(0.0) == 1
    assert places.at(1.0) == 2
    np.testing.assert_allclose(places.density((2, 2)), [[0, 0.25], [0.75, 0]])


def test_both_maps_are_probabilities_within_tissue(anatomy, densities):
    for density in densities:
        assert density.sum() == pytest.approx(1, abs=1e-4)
        assert density.min() == 0
        assert not density[~tissue(anatomy)].any()


def test_both_maps_are_as_likely_left_as_right(anatomy, densities):
    for density in densities:
        assert share(density, anatomy, (-99, -3), (-130, 99), (-80, 99)) == pytest.approx(
            share(density, anatomy, (3, 99), (-130, 99), (-80, 99)), abs=0.02
        )


def test_nmosd_prefers_the_places_that_are_typical_of_it(anatomy, densities):
    typical = {
        "area postrema and medulla": ((-6, 6), (-52, -38), (-63, -49)),
        "hypothalamus and third ventricle": ((-9, 9), (-28, 5), (-14, 14)),
        "around the fourth ventricle": ((-14, 14), (-56, -30), (-48, -18)),
        "chiasm": ((-8, 8), (-4, 7), (-20, -14)),
    }
    for name, limits in typical.items():
        ms, nmosd = (share(density, anatomy, *limits) for density in densities)
        assert nmosd > 0.01, name
        assert nmosd > 4 * ms, name


def test_ms_lies_in_the_hemispheres_white_matter_away_from_the_walls(anatomy, densities):
    ms, nmosd = densities
    assert share(ms, anatomy, (-99, 99), (-130, 99), (-16, 99)) > 0.9
    assert ms[inner_mm(anatomy) <= 2].sum() < 0.03
    assert nmosd[inner_mm(anatomy) <= 2].sum() > 0.35
    assert np.average(anatomy.wm, weights=ms) > 0.75


def test_the_inner_fluid_holds_all_ventricles_and_the_aqueduct_but_no_cistern(anatomy):
    fluid = inner_mm(anatomy) == 0
    for point in ((10, 10, 14), (0, -14, 0), (0, -44, -30), (0, -34, -12)):
        voxel = anatomy.nearest_voxel(np.array(point))
        assert fluid[tuple(slice(v - 1, v + 2) for v in voxel)].any(), point
    assert not fluid[tuple(anatomy.nearest_voxel(np.array((0, -50, 0))))]
    assert not fluid[tuple(anatomy.nearest_voxel(np.array((0, 0, -18))))]


@pytest.mark.parametrize("side", [-1, 1])
def test_the_tract_runs_inwards_and_down_on_both_sides(side):
    distance, direction = along_line(np.array([side * 20.0, -17.0, 6.0]), TRACT)
    assert distance == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(direction) == pytest.approx(1)
    assert direction[2] < -0.8
    assert side * direction[0] < 0
    assert along_line(np.array([side * 20.0, 13.0, 6.0]), TRACT)[0] == pytest.approx(30, abs=1.5)
