from __future__ import annotations

import numpy as np
import pytest

from monai_mri.phantom.grid import Grid
from monai_mri.phantom.lesion_kinds import PAPER_COUNTS
from monai_mri.phantom.lesion_patient import Patient

GRID = Grid.covering((2.0, 2.0, 2.0))
SETTINGS = {"seed": 5, "effect": 1.0, "lesions": 6, "classes": PAPER_COUNTS, "grid": GRID}


@pytest.fixture(scope="module")
def patient():
    return Patient(0, **SETTINGS)


@pytest.fixture(scope="module")
def volume(patient):
    return patient.box((0, 0, 0), GRID.shape)


def test_a_box_shows_what_the_volume_shows_there(patient, volume):
    for one in patient.footprints[:3]:
        start = one.middle - 5
        box = patient.box(start, (11, 11, 11))
        there = tuple(slice(s, s + 11) for s in start)
        np.testing.assert_allclose(box.flair, volume.flair[there], rtol=1e-3)
        np.testing.assert_allclose(box.qsm, volume.qsm[there], atol=1e-4)
        np.testing.assert_array_equal(box.lesions, volume.lesions[there])


def test_a_box_may_reach_over_the_edge(patient):
    box = patient.box((-9, -9, -9), (5, 5, 5))
    assert box.flair.shape == (5, 5, 5)
    assert box.flair.max() == box.qsm.max() == 0


def test_lesions_are_apart_in_one_piece_and_numbered(patient, volume):
    from scipy import ndimage

    pieces, count = ndimage.label(volume.lesions > 0, structure=np.ones((3, 3, 3)))
    assert count == len(patient.footprints) == volume.lesions.max()
    for number in range(1, count + 1):
        assert len(np.unique(pieces[volume.lesions == number])) == 1


def test_lesions_are_bright_and_lie_in_the_brain(volume):
    tissue = (volume.flair > 0) & (volume.lesions == 0)
    for number in range(1, volume.lesions.max() + 1):
        assert volume.flair[volume.lesions == number].mean() > 1.1 * np.median(volume.flair[tissue])


def test_effect_moves_nothing_but_qsm_inside_lesions(patient, volume):
    null = Patient(0, **{**SETTINGS, "effect": 0.0}).box((0, 0, 0), GRID.shape)
    np.testing.assert_array_equal(null.flair, volume.flair)
    np.testing.assert_array_equal(null.lesions, volume.lesions)
    touched = np.zeros(GRID.shape, dtype=bool)
    for one in patient.footprints:
        touched[tuple(slice(s, s + n) for s, n in zip(one.start, one.share.shape, strict=True))] = True
    np.testing.assert_array_equal(null.qsm[~touched], volume.qsm[~touched])
    assert np.abs(null.qsm - volume.qsm).max() > 0.01


def test_patients_differ_and_an_index_gives_one_patient(patient):
    again, other = Patient(0, **SETTINGS), Patient(1, **SETTINGS)
    shapes = [(40, 50, 40), (8, 8, 8)]
    np.testing.assert_array_equal(again.box(*shapes).qsm, patient.box(*shapes).qsm)
    assert np.abs(other.box(*shapes).qsm - patient.box(*shapes).qsm).mean() > 0.002
    assert other.site != patient.site


def test_a_patients_shares_of_classes_are_the_patients_own():
    shares = []
    for index in range(8):
        labels = [
            one.lesion.label
            for one in Patient(index, **{**SETTINGS, "lesions": 12, "classes": {"2": 1, "5": 1}}).footprints
        ]
        shares.append(labels.count("5") / len(labels))
    binomial = 0.25 / 12
    assert np.var(shares, ddof=1) > binomial / 2
