"""One pose and scale for all flipped, turned and rescaled copies."""

from itertools import permutations, product

import numpy as np
import pytest

from monai_mri.manifest.copies.canonical import canonical, describe


@pytest.mark.parametrize("shape", [(20, 20), (20, 31), (9, 9, 9), (7, 9, 8)])
def test_all_flips_and_turns_share_one_sketch(shape):
    array = np.random.default_rng(0).random(shape, dtype=np.float32) ** 2
    expected = canonical(array).sketch
    for order in permutations(range(array.ndim)):
        for flips in product((False, True), repeat=array.ndim):
            turned = np.flip(array.transpose(order), [axis for axis, flip in enumerate(flips) if flip])
            np.testing.assert_allclose(canonical(turned).sketch, expected, atol=1e-6)


@pytest.mark.parametrize(("scale", "offset"), [(3.0, 100.0), (0.001, -0.02), (-2.0, 50.0)])
def test_rescaled_and_inverted_values_share_one_sketch(scale, offset):
    array = np.random.default_rng(0).random((30, 20), dtype=np.float32) ** 2
    changed = (array * scale + offset).astype(np.float32)
    np.testing.assert_allclose(canonical(changed).sketch, canonical(array).sketch, atol=1e-5)
    assert canonical(changed).inverted != canonical(array).inverted or scale > 0


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        ([[1, 0], [0, 1]], ""),
        ([[-1, 0], [0, 1]], "flipped up-down"),
        ([[-1, 0], [0, -1]], "turned by 180 degrees"),
        ([[0, -1], [1, 0]], "turned by 90 degrees"),
        ([[0, 1], [1, 0]], "flipped across a diagonal"),
        ([[-1, 0, 0], [0, 1, 0], [0, 0, -1]], "flipped left-right and up-down"),
        ([[0, 1, 0], [1, 0, 0], [0, 0, 1]], "axes exchanged"),
    ],
)
def test_a_change_of_axes_is_said_in_words(matrix, words):
    assert describe(np.array(matrix, dtype=np.int8)) == words
