from __future__ import annotations

import numpy as np
import pytest

from monai_mri.phantom.tumour_patient import make_patient, scan_grid
from monai_mri.phantom.tumour_scanner import INSTITUTIONS

GRID = scan_grid(slices=8, image_size=64)


@pytest.fixture(scope="module")
def patient():
    return make_patient(5, seed=0, effect=1, grid=GRID, tumour=True)


@pytest.fixture(scope="module")
def healthy():
    return make_patient(5, seed=0, effect=1, grid=GRID, tumour=False)


def test_without_effect_a_patient_with_a_glioma_looks_like_one_without_to_the_byte(patient, healthy):
    null = make_patient(5, seed=0, effect=0, grid=GRID, tumour=True)
    assert null.image.tobytes() == healthy.image.tobytes()
    assert null.mask.any()
    assert np.array_equal(null.mask, patient.mask)
    assert not healthy.mask.any()
    assert healthy.glioma is None


def test_a_glioma_changes_its_surroundings_alone(patient, healthy):
    changed = (patient.image != healthy.image).any(axis=-1)
    assert changed[patient.mask].mean() > 0.95
    assert changed[~patient.mask].mean() < 0.03


def test_twice_the_effect_is_about_twice_the_contrast(patient, healthy):
    double = make_patient(5, seed=0, effect=2, grid=GRID, tumour=True)
    one, two = (
        (which.image[patient.mask].astype(float) - healthy.image[patient.mask]).mean(axis=0)
        for which in (patient, double)
    )
    np.testing.assert_allclose(two[1] / one[1], 2, rtol=0.1)
    assert two[0] < 1.7 * one[0] < 0


def test_a_head_is_bright_after_contrast_where_it_has_vessels_and_nowhere_darker(healthy):
    pre, post = (healthy.image[..., channel].astype(float) for channel in (0, 2))
    ratio = INSTITUTIONS[0].white[2] / INSTITUTIONS[0].white[0]
    assert (post > 1.5 * ratio * pre + 20).sum() > 10
    assert (post < 0.6 * ratio * pre - 20).mean() < 0.001


def test_the_same_head_looks_different_at_each_institution():
    means = {
        tuple(
            make_patient(index, seed=0, effect=0, grid=GRID, tumour=False).image.mean(axis=(0, 1, 2)).round()
        )
        for index in range(5)
    }
    assert len(means) == len(INSTITUTIONS)


def test_the_front_of_the_head_is_at_the_top_of_a_slice(healthy):
    """The eyes, dark and round, are in the upper third of the lowest slices, the cerebellum below."""
    flair = healthy.image[0, ..., 1]
    rows = np.flatnonzero(flair.max(axis=1) > 40)
    middle = (rows[0] + rows[-1]) // 2
    front, back = (
        np.median(flair[part, 24:40]) for part in (slice(rows[0], middle), slice(middle, rows[-1]))
    )
    assert back > front


def test_left_is_right_of_the_middle(patient):
    x_mm = patient.glioma.box[0].start + patient.glioma.depth_mm.max(axis=(1, 2)).argmax()
    columns = np.flatnonzero(patient.mask.any(axis=(0, 1)))
    in_the_right_hemisphere = x_mm * 2 - 94 > 0
    assert (columns.mean() < 31.5) == in_the_right_hemisphere


def test_masks_are_about_as_large_at_any_resolution(patient):
    fine = scan_grid(slices=24, image_size=128)
    other = make_patient(5, seed=0, effect=1, grid=fine, tumour=True)
    small, large = (
        one.mask.sum() * np.prod(grid.voxel_size_mm) / 1000 for one, grid in ((patient, GRID), (other, fine))
    )
    assert small == pytest.approx(large, rel=0.15)
    assert large == pytest.approx(other.glioma.volume_ml, rel=0.3)


def test_the_whole_head_lies_within_the_slice():
    for index in range(3):
        image = make_patient(index, seed=2, effect=0, grid=GRID, tumour=False).image[..., 0]
        for edge in (image[:, :2], image[:, -2:], image[:, :, :2], image[:, :, -2:]):
            assert edge.mean() < 12
