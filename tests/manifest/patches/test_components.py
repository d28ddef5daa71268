from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from monai_mri.manifest.patches.components import find_lesions, number_lesions

STRUCTURES = {n: ndimage.generate_binary_structure(3, rank) for n, rank in ((6, 1), (18, 2), (26, 3))}


@pytest.mark.parametrize("connectivity", STRUCTURES)
@pytest.mark.parametrize("seed", range(5))
def test_components_are_those_of_scipy_in_the_order_of_their_first_voxel(connectivity, seed):
    labels = (np.random.default_rng(seed).random((9, 10, 11)) < 0.12).astype(np.uint32) * 4
    found = number_lesions(labels, connectivity=connectivity)
    expected, count = ndimage.label(labels, STRUCTURES[connectivity])
    assert found.max() == count
    np.testing.assert_array_equal(found, expected)


def test_an_empty_volume_has_no_lesion():
    labels = np.zeros((3, 3, 3), dtype=np.uint8)
    assert find_lesions(number_lesions(labels), labels, np.eye(4)) == []


def test_size_and_place_are_in_millimetres_of_the_world():
    labels = np.zeros((6, 6, 6), dtype=np.uint8)
    labels[1:4, 2, 3] = 1
    affine = np.diag([-2.0, 1.0, 3.0, 1.0])
    (lesion,) = find_lesions(number_lesions(labels), labels, affine)
    assert (lesion.voxels, lesion.centre, lesion.centre_mm) == (3, (2, 2, 3), (-4.0, 2.0, 9.0))
    assert lesion.volume_ml == pytest.approx(0.018)


def test_the_two_centres_of_a_lopsided_lesion_differ_and_lie_in_its_box():
    labels = np.zeros((12, 3, 3), dtype=np.uint8)
    labels[1:4, :, :] = 1
    labels[4:11, 0, 0] = 1
    numbered = number_lesions(labels)
    (mass,) = find_lesions(numbered, labels, np.eye(4))
    (box,) = find_lesions(numbered, labels, np.eye(4), centre="box")
    assert (mass.centre[0], box.centre[0]) == (3, 5)
    assert 1 <= mass.centre[0] <= 10


def test_of_equally_common_values_the_smallest_is_the_lesions():
    labels = np.array([[[5, 2, 0]]])
    (lesion,) = find_lesions(number_lesions(labels), labels, np.eye(4))
    assert (lesion.value, lesion.values) == (2, {2: 1, 5: 1})
