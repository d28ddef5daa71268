from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monai_mri.phantom.anatomy import load_anatomy
from monai_mri.phantom.nmosd_lesions import Maps, draw_lesions, grow_lesions
from monai_mri.phantom.nmosd_places import TRACT, along_line, inner_mm, ms_map, nmosd_map


@pytest.fixture(scope="module")
def anatomy():
    return load_anatomy(step_mm=2)


@pytest.fixture(scope="module")
def maps(anatomy):
    return Maps(ms_map(anatomy), nmosd_map(anatomy))


@pytest.fixture(scope="module")
def patients(anatomy, maps):
    """The same patients with no and with only typical lesions."""
    return {
        share: [draw_lesions(anatomy, maps, np.random.default_rng(n), typical=share) for n in range(40)]
        for share in (0.0, 1.0)
    }


def grown_ml(anatomy, lesions):
    return float(grow_lesions(anatomy, lesions)[0].sum(dtype=np.float64)) * anatomy.step_mm**3 / 1000


def test_place_is_all_that_the_map_changes_in_what_is_drawn(patients):
    for plain, typical in zip(patients[0.0], patients[1.0], strict=True):
        assert len(plain) == len(typical)
        for one, other in zip(plain, typical, strict=True):
            assert not one.typical
            assert other.typical
            assert one.volume_ml == other.volume_ml
            assert one.shape.contrast == other.shape.contrast
            np.testing.assert_array_equal(one.shape.wave_vectors, other.shape.wave_vectors)
            assert np.prod(one.shape.semi_axes_mm) == pytest.approx(np.prod(other.shape.semi_axes_mm))


def test_the_share_of_typical_lesions_is_the_one_asked_for(anatomy, maps):
    drawn = [
        lesion.typical
        for n in range(40)
        for lesion in draw_lesions(anatomy, maps, np.random.default_rng(n), typical=0.3)
    ]
    assert abs(np.mean(drawn) - 0.3) < 4 * np.sqrt(0.21 / len(drawn))


def test_numbers_and_volumes_keep_their_limits(patients):
    counts = [len(patient) for patient in patients[0.0]]
    volumes = np.array([lesion.volume_ml for patient in patients[0.0] for lesion in patient])
    assert min(counts) >= 4
    assert max(counts) <= 60
    assert 12 < np.median(counts) < 26
    assert volumes.min() >= 0.05
    assert volumes.max() <= 3.0 + 1e-9
    assert 0.08 < np.median(volumes) < 0.25
    assert all(patient[0].volume_ml >= 0.6 for patient in patients[0.0])


def test_given_volumes_are_drawn_from(anatomy, maps):
    real = replace(maps, volumes_ml=np.array([0.1, 0.1, 0.1]))
    lesions = draw_lesions(anatomy, real, np.random.default_rng(0), typical=0.0)
    assert [lesion.volume_ml for lesion in lesions[1:]] == pytest.approx([0.1] * (len(lesions) - 1))


def test_lesions_of_both_maps_reach_their_volume(anatomy, patients):
    for share, several in patients.items():
        for patient in several[:12]:
            wanted = sum(lesion.volume_ml for lesion in patient)
            assert 0.85 < grown_ml(anatomy, patient) / wanted < 1.15, share


def test_lesions_stay_out_of_fluid_and_skull_and_are_brighter(anatomy, patients):
    for several in patients.values():
        occupancy, added = grow_lesions(anatomy, several[0])
        assert occupancy.min() >= 0
        assert occupancy.max() <= 1
        assert not occupancy[anatomy.csf > 0.75].any()
        assert not added[anatomy.skull_mm > 1].any()
        inside = (occupancy > 0.5) & (anatomy.wm > 0.9)
        assert added[inside].mean() > 0.25


def test_no_lesion_grows_below_the_template(anatomy, patients):
    for patient in patients[1.0]:
        occupancy, _ = grow_lesions(anatomy, patient)
        assert not occupancy[:, :, 0].any()


def test_lesions_in_the_tract_are_long_and_run_with_it(patients):
    angles, lengths = [], []
    for lesion in (one for patient in patients[1.0] for one in patient):
        distance, along = along_line(lesion.shape.centre_mm, TRACT)
        if distance < 4:
            angles.append(abs(lesion.shape.frame[0] @ along))
            lengths.append(lesion.shape.semi_axes_mm[0] / lesion.shape.semi_axes_mm[1:].max())
    assert len(angles) > 30
    assert np.median(angles) > 0.9
    assert np.median(lengths) > 2


def test_lesions_on_a_lining_run_along_it_and_those_further_out_away_from_it(anatomy, patients):
    slopes = np.stack(np.gradient(inner_mm(anatomy)))
    along = {"lining": [], "further": []}
    for lesion in (one for several in patients.values() for patient in several for one in patient):
        voxel = tuple(anatomy.nearest_voxel(lesion.shape.centre_mm))
        wall = inner_mm(anatomy)[voxel]
        outward = slopes[(slice(None), *voxel)] / max(np.linalg.norm(slopes[(slice(None), *voxel)]), 1e-6)
        if along_line(lesion.shape.centre_mm, TRACT)[0] > 6 and 0 < wall < 8:
            along["lining" if wall <= 2 else "further"].append(abs(lesion.shape.frame[0] @ outward))
    assert np.median(along["lining"]) < 0.45
    assert np.median(along["further"]) > 0.85


def test_no_lesion_gives_nothing(anatomy):
    assert not any(values.any() for values in grow_lesions(anatomy, []))
