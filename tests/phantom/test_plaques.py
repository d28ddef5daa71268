from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monai_mri.phantom.anatomy import load_anatomy
from monai_mri.phantom.plaques import PLACES, draw_plaques, paint_plaques


@pytest.fixture(scope="module")
def anatomy():
    return load_anatomy()


@pytest.fixture(scope="module")
def patients(anatomy):
    return [draw_plaques(anatomy, np.random.default_rng(seed)) for seed in range(30)]


def volume_ml(plaque):
    return 4 / 3 * np.pi * np.prod(plaque.semi_axes_mm) / 1000


def test_every_patient_has_plaques_in_every_place(patients):
    assert all({plaque.place for plaque in patient} == set(PLACES) for patient in patients)


def test_numbers_and_volumes_resemble_real_patients(patients):
    counts = [len(patient) for patient in patients]
    volumes = [volume_ml(plaque) for patient in patients for plaque in patient]
    assert 15 < np.median(counts) < 40
    assert 0.06 < np.median(volumes) < 0.25
    assert min(volumes) > 0.049
    assert max(volumes) < 10.01


def test_contrast_is_that_which_gives_the_signal_of_real_plaques(patients):
    assert 0.46 < np.mean([plaque.contrast for patient in patients for plaque in patient]) < 0.54


def test_periventricular_plaques_stand_on_the_ventricle_and_point_away_from_it(anatomy, patients):
    x_axis = []
    for plaque in (p for patient in patients for p in patient if p.place == "periventricular"):
        centre = np.rint(plaque.centre_mm - anatomy.origin_mm).astype(int)
        assert anatomy.ventricle_mm[tuple(centre)] < plaque.semi_axes_mm[0] + 4
        assert plaque.semi_axes_mm[0] == max(plaque.semi_axes_mm)
        slope = np.array(
            [
                g[2, 2, 2]
                for g in np.gradient(anatomy.ventricle_mm[tuple(slice(c - 2, c + 3) for c in centre)])
            ]
        )
        x_axis.append(abs(plaque.frame[0] @ slope) / max(np.linalg.norm(slope), 1e-6))
    assert np.median(x_axis) > 0.75


def test_painted_volume_is_the_drawn_one_where_nothing_limits_it(anatomy, patients):
    plaque = replace(
        patients[0][0], centre_mm=np.array([28.0, -20.0, 34.0]), semi_axes_mm=np.array([5.0, 4.0, 3.0])
    )
    occupancy, _ = paint_plaques(anatomy, [plaque])
    assert 0.7 < occupancy.sum() / (1000 * volume_ml(plaque)) < 1.35


def test_plaques_stay_out_of_csf_and_out_of_the_skull(anatomy, patients):
    occupancy, added = paint_plaques(anatomy, patients[1])
    assert not occupancy[anatomy.csf > 0.75].any()
    assert not added[anatomy.skull_mm > 1].any()
    assert (added[occupancy >= 0.5] > 0).all()


def test_no_plaque_adds_nothing(anatomy):
    assert not any(values.any() for values in paint_plaques(anatomy, []))
