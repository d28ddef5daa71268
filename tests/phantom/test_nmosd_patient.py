from __future__ import annotations

import numpy as np
import pytest

from monai_mri.phantom.anatomy import load_anatomy
from monai_mri.phantom.nmosd_lesions import Maps
from monai_mri.phantom.nmosd_patient import draw_person, label_of, make_scan, typical_share
from monai_mri.phantom.nmosd_places import ms_map, nmosd_map


@pytest.fixture(scope="module")
def setting():
    anatomy = load_anatomy(step_mm=2)
    return {"seed": 1, "anatomy": anatomy, "maps": Maps(ms_map(anatomy), nmosd_map(anatomy))}


@pytest.mark.parametrize("share", [0.0, 0.1, 1 / 3, 41 / 88, 0.5, 0.9, 1.0])
def test_every_prefix_of_a_cohort_has_the_share_to_within_one_patient(share):
    ill = np.cumsum([label_of(index, share) == "NMOSD" for index in range(200)])
    assert np.abs(ill - share * np.arange(1, 201)).max() <= 1


def test_88_patients_have_the_papers_numbers():
    assert sum(label_of(index, 41 / 88) == "NMOSD" for index in range(88)) == 41


def test_people_are_adults_mostly_women_from_three_sites_and_each_class_alike():
    people = [draw_person(index, seed=0) for index in range(400)]
    ill = np.array([label_of(index, 41 / 88) == "NMOSD" for index in range(400)])
    for values in (
        np.array([person.age for person in people]),
        np.array([person.sex == "F" for person in people]),
        np.array([person.site.name == "site-a" for person in people]),
    ):
        assert abs(values[ill].mean() - values[~ill].mean()) < 3.5 * values.std() * np.sqrt(4 / 400)
    assert {person.site.name for person in people} == {"site-a", "site-b", "site-c"}
    assert min(person.age for person in people) >= 18
    assert 0.7 < np.mean([person.sex == "F" for person in people]) < 0.9


@pytest.mark.parametrize("mean", [0.05, 0.2, 0.5, 0.9])
def test_patients_shares_of_typical_lesions_have_the_mean_asked_for_and_differ(mean):
    shares = [typical_share(mean, quantile) for quantile in (np.arange(500) + 0.5) / 500]
    assert np.mean(shares) == pytest.approx(mean, abs=0.01)
    assert np.std(shares) == pytest.approx(np.sqrt(mean * (1 - mean) / 3), abs=0.02)


def test_without_typical_lesions_a_patient_is_one_with_ms_to_the_last_voxel(setting):
    scans = [make_scan(3, typical=typical, voxel_size_mm=5.0, **setting) for typical in (0.0, 1.0)]
    again = make_scan(3, typical=0.0, voxel_size_mm=5.0, **setting)
    np.testing.assert_array_equal(scans[0].flair, again.flair)
    assert (scans[0].flair != scans[1].flair).any()
    assert scans[0].grid == scans[1].grid
    apart = ~(scans[0].mask | scans[1].mask)
    assert np.mean(scans[0].flair[apart] != scans[1].flair[apart]) < 0.02


def test_lesions_are_brighter_than_the_same_head_without_them(setting):
    plain, other = (make_scan(0, typical=typical, voxel_size_mm=3.0, **setting) for typical in (0.0, 1.0))
    for one, two in ((plain, other), (other, plain)):
        only = one.mask & ~two.mask
        assert only.sum() > 10
        assert np.median(one.flair[only] / two.flair[only]) > 1.12


def test_the_background_is_noise_and_the_head_is_far_above_it(setting):
    scan = make_scan(2, typical=0.5, voxel_size_mm=3.0, **setting)
    corner = scan.flair[:4, -4:, -8:]
    assert corner.std() > 0
    assert (corner > 0).mean() > 0.9
    middle = scan.flair[tuple(slice(n // 2 - 5, n // 2 + 5) for n in scan.flair.shape)]
    assert np.median(middle) > 8 * np.median(corner)
