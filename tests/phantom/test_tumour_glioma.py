from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from monai_mri.phantom.anatomy import load_anatomy
from monai_mri.phantom.output import stream
from monai_mri.phantom.tumour_glioma import KINDS, VOLUME_ML, draw_glioma, sampled, share
from monai_mri.phantom.tumour_patient import HEIGHTS_MM, STUDY

COUNT = 120


@pytest.fixture(scope="module")
def anatomy():
    return load_anatomy(step_mm=2)


@pytest.fixture(scope="module")
def gliomas(anatomy):
    return [draw_glioma(anatomy, stream(4, STUDY, index, 2), heights_mm=HEIGHTS_MM) for index in range(COUNT)]


def tissue_of(anatomy, glioma):
    return (anatomy.wm + anatomy.gm)[glioma.box]


def inside(anatomy, glioma):
    return (glioma.depth_mm > 0) & (tissue_of(anatomy, glioma) > 0.4)


def area_under_the_curve(score, label):
    with_tumour, without = score[label], score[~label]
    return (with_tumour[:, None] > without).mean() + (with_tumour[:, None] == without).mean() / 2


def test_the_volume_in_the_brain_is_the_one_drawn(anatomy, gliomas):
    for glioma in gliomas:
        assert inside(anatomy, glioma).sum() * 8 / 1000 == pytest.approx(glioma.volume_ml, rel=0.01)
        assert VOLUME_ML[0] <= glioma.volume_ml <= VOLUME_ML[1]


def test_a_glioma_is_mostly_one_piece(anatomy, gliomas):
    from scipy import ndimage

    largest = []
    for glioma in gliomas[:40]:
        labels, _ = ndimage.label(inside(anatomy, glioma), np.ones((3, 3, 3)))
        largest.append(np.bincount(labels.ravel())[1:].max() / (labels > 0).sum())
    assert np.mean(largest) > 0.97


def test_height_alone_tells_next_to_nothing_of_the_label(anatomy, gliomas):
    """So that a null cohort, whose slices show their height and no tumour, ends near chance."""
    heights = np.linspace(*HEIGHTS_MM, 25)
    z = anatomy.axes_mm[2]
    label = np.zeros((COUNT, 24), dtype=bool)
    for row, glioma in zip(label, gliomas, strict=True):
        planes = z[glioma.box[2]][inside(anatomy, glioma).any(axis=(0, 1))]
        row[:] = [bool(((planes >= low) & (planes < high)).any()) for low, high in pairwise(heights)]
    learned, seen = label[::2], label[1::2]
    score = np.tile(learned.mean(axis=0), len(seen))
    assert area_under_the_curve(score, seen.ravel()) < 0.6
    assert label.mean(axis=0).max() < 0.5
    assert 0.27 < label.mean() < 0.42


def test_a_glioma_stays_on_its_side_of_falx_and_tentorium(anatomy, gliomas):
    z = anatomy.axes_mm[2]
    for glioma in gliomas:
        where = inside(anatomy, glioma)
        x = anatomy.axes_mm[0][glioma.box[0]]
        above = where[:, :, z[glioma.box[2]] > 34]
        sides = [above[x < -4].sum(), above[x > 4].sum()]
        assert min(sides) <= 0.05 * max(max(sides), 1)


def test_all_kinds_occur_and_only_the_plain_one_takes_up_nothing(gliomas):
    assert {glioma.kind for glioma in gliomas} == set(KINDS)
    for glioma in gliomas:
        assert glioma.uptake.any() == (glioma.kind != "plain")
    assert 0.3 < np.mean([glioma.kind == "plain" for glioma in gliomas]) < 0.6


def test_the_core_lies_inside_the_oedema(gliomas):
    for glioma in gliomas:
        assert glioma.core.max() == 1
        assert (glioma.core > 0.5).sum() < 0.8 * (glioma.depth_mm > 0).sum()
        assert glioma.depth_mm[glioma.core > 0.5].min() > -1.5


def test_the_edge_spares_fluid_and_the_middle_fills_it():
    depth = np.array([-5, 0, 2.5, 2.5, 8, 8, 8], dtype=np.float32)
    tissue = np.array([1, 1, 1, 0, 1, 0, 0], dtype=np.float32)
    csf = np.array([0, 0, 0, 1, 0, 1, 0], dtype=np.float32)  # the last one is bone
    np.testing.assert_allclose(share(depth, tissue, csf), [0, 0.5, 1, 0, 1, 1, 0])


def test_points_outside_the_box_hold_no_glioma(gliomas):
    far = np.array([[-50.0], [0.0], [0.0]], dtype=np.float32)
    assert sampled(gliomas[0], "depth_mm", far)[0] < -20
    assert sampled(gliomas[0], "uptake", far)[0] == 0
