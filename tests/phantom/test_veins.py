from __future__ import annotations

import numpy as np

from monai_mri.phantom.anatomy import load_anatomy
from monai_mri.phantom.veins import Vein, central_vein, draw_veins, paint_veins

AXES_MM = [np.arange(-8, 9, dtype=np.float32)] * 3
ALONG_X = Vein(np.array([-20.0, 0, 0]), np.array([20.0, 0, 0]), radius_mm=0.7, added_ppm=0.1)


def painted(veins, within=1.0):
    qsm = np.zeros((17, 17, 17), dtype=np.float32)
    paint_veins(qsm, veins, AXES_MM, within=np.full_like(qsm, within))
    return qsm


def test_a_vein_is_a_thin_bright_line():
    qsm = painted([ALONG_X])
    np.testing.assert_allclose(qsm[:, 8, 8], qsm[0, 8, 8])
    assert 0.05 < qsm[8, 8, 8] <= 0.1
    assert qsm[:, 8, 12].max() < 0.001


def test_outside_of_tissue_and_of_the_box_nothing_is_painted():
    assert painted([ALONG_X], within=0.0).max() == 0
    far = Vein(np.array([0, 50.0, 0]), np.array([0, 60.0, 0]), radius_mm=0.7, added_ppm=0.1)
    assert painted([far]).max() == 0


def test_a_central_vein_runs_through_the_centre_and_beyond_the_lesion():
    vein = central_vein(np.array([0, 0, 1.0]), np.array([1.0, 2, 3]), 4.0)
    np.testing.assert_allclose((vein.start_mm + vein.end_mm) / 2, [1, 2, 3])
    assert np.linalg.norm(vein.end_mm - vein.start_mm) > 8


def test_medullary_veins_run_away_from_the_midline():
    veins = draw_veins(load_anatomy(step_mm=2), np.random.default_rng(0))
    outward = [abs(vein.end_mm[0]) > abs(vein.start_mm[0]) for vein in veins]
    assert len(veins) > 100
    assert np.mean(outward) > 0.6
