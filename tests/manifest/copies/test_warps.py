"""Turning thumbnails with sparse matrices."""

import numpy as np

from monai_mri.manifest.copies.warps import refinements, variants, warp_matrix


def test_a_flip_as_a_matrix_is_the_flip():
    image = np.random.default_rng(0).random((8, 8)).astype(np.float32)
    turned = warp_matrix(np.diag([1.0, -1.0]), 8) @ image.ravel()
    np.testing.assert_array_equal(turned.reshape(8, 8), image[:, ::-1])


def test_some_places_of_a_warp_are_rows_of_the_whole():
    places = np.array([0, 9, 40])
    turn = variants(2)[1].linear
    np.testing.assert_allclose(
        warp_matrix(turn, 8, places).toarray(), warp_matrix(turn, 8).toarray()[places], atol=1e-7
    )


def test_variants_keep_lengths_and_differ():
    for dimensions, count in ((2, 56), (3, 56)):
        ways = [way.linear for way in variants(dimensions)]
        assert len({tuple(way.round(6).ravel()) for way in ways}) == len(ways) == count
        np.testing.assert_allclose(np.abs([np.linalg.det(way) for way in ways]), 1)


def test_refinements_hold_the_variant_itself():
    for dimensions in (2, 3):
        way = variants(dimensions)[3]
        assert any(np.allclose(linear, way.linear) for linear in refinements(way))
