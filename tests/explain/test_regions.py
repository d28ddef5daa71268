from __future__ import annotations

import numpy as np
import pytest

from monai_mri.errors import ImageError, UsageError
from monai_mri.explain import region_table, regions_on_grid
from monai_mri.explain.regions import atlas_on_grid
from monai_mri.images import read_image

SHAPE = (4, 5, 6)


def halves():
    labels = np.zeros(SHAPE, dtype=np.int16)
    labels[:2, :, :3], labels[2:, :, :3] = 1, 7
    return labels


def test_figures_of_each_region_are_as_reckoned_by_hand(save_nifti):
    values = np.zeros(SHAPE, dtype=np.float32)
    values[3, 0, 0], values[0, 0, 0], values[0, 0, 5], values[1, 1, 1] = 6, 2, 2, -4
    atlas = save_nifti(halves(), np.eye(4))
    rows = region_table(values, np.eye(4), atlas=atlas, labels={"left": 1, "right": 7}, share=1 / 120)
    assert [(row.region, row.label, row.voxels) for row in rows] == [
        ("left", 1, 30),
        ("right", 7, 30),
        ("outside", 0, 60),
    ]
    left, right, outside = rows
    assert (left.mean, left.max, left.mass_share) == pytest.approx((-2 / 30, 2, 6 / 14))
    assert (right.mean, right.max, right.mass_share) == pytest.approx((0.2, 6, 6 / 14))
    assert [row.top_share for row in rows] == [0, 1, 0]
    assert outside.volume_share == 0.5
    assert sum(row.mass_share for row in rows) == pytest.approx(1)


def test_prepared_regions_give_the_same_table_without_another_look_at_the_atlas(save_nifti):
    values = np.random.default_rng(0).normal(size=SHAPE)
    atlas = save_nifti(halves(), np.eye(4))
    wanted = region_table(values, np.eye(4), atlas=atlas)
    prepared = regions_on_grid(SHAPE, np.eye(4), atlas=atlas)
    atlas.unlink()
    assert region_table(values, np.eye(4), regions=prepared) == wanted
    with pytest.raises(UsageError, match="like the map"):
        region_table(values[1:], np.eye(4), regions=prepared)


def test_an_atlas_of_any_grid_lands_in_the_same_world(affine, volume, save_nifti):
    path = save_nifti(np.round(volume).astype(np.int16), affine)
    picture = read_image(path)
    found = atlas_on_grid(path, picture.affine, picture.array.shape)
    np.testing.assert_array_equal(found, picture.array)


def test_a_coarse_atlas_is_taken_by_nearest_voxel_and_ends_where_it_ends(save_nifti):
    coarse = np.arange(1, 9, dtype=np.int16).reshape(2, 2, 2)
    affine = np.diag([-2.0, 2, 2, 1])
    affine[:3, 3] = 2.5, 0.5, 0.5
    found = atlas_on_grid(save_nifti(coarse, affine), np.eye(4), (6, 4, 4))
    np.testing.assert_array_equal(found[:4], np.kron(coarse[::-1], np.ones((2, 2, 2))))
    assert not found[4:].any()


def test_labels_of_a_file_or_none_name_the_rows(save_nifti, tmp_path):
    atlas = save_nifti(halves(), np.eye(4))
    (tmp_path / "names.csv").write_text("index,name\n1,left\n7,right\n9,none\n")
    values = np.random.default_rng(0).random(SHAPE)
    rows = region_table(values, np.eye(4), atlas=atlas, labels=tmp_path / "names.csv")
    assert [row.region for row in rows] == ["left", "right", "none", "outside"]
    assert np.isnan(rows[2].mean)
    assert rows[2].voxels == 0
    assert [row.region for row in region_table(values, np.eye(4), atlas=atlas)][:2] == ["label 1", "label 7"]


def test_a_mask_bounds_what_counts(save_nifti):
    values, mask = np.random.default_rng(0).random(SHAPE), halves() == 7
    rows = region_table(values, np.eye(4), atlas=save_nifti(halves(), np.eye(4)), mask=mask)
    assert [row.voxels for row in rows] == [0, 30, 0]
    assert rows[1].mass_share == rows[1].top_share == 1


def test_without_an_atlas_the_built_in_partition_serves():
    affine = np.diag([-8.0, 8, 8, 1])
    affine[:3, 3] = 90, -126, -72
    shape = (23, 27, 23)
    x, y, z, _ = np.rint(np.linalg.inv(affine) @ [0, -28, -32, 1]).astype(int)
    values = np.zeros(shape, dtype=np.float32)
    values[x, y, z] = 1
    rows = {row.region: row for row in region_table(values, affine, share=1e-4)}
    assert rows["brain_stem"].mass_share == rows["brain_stem"].top_share == 1
    assert rows["outside"].label == 0


def test_a_flat_map_has_no_top_and_an_empty_one_no_mass(save_nifti):
    rows = region_table(np.zeros(SHAPE), np.eye(4), atlas=save_nifti(halves(), np.eye(4)))
    assert all(np.isnan([row.mass_share, row.top_share]).all() for row in rows)


def test_what_does_not_fit_is_refused(save_nifti):
    values = np.random.default_rng(0).random(SHAPE)
    with pytest.raises(UsageError, match="labels without an atlas"):
        region_table(values, np.eye(4), labels={"a": 1})
    with pytest.raises(UsageError, match="expected 4 x 4"):
        region_table(values, np.eye(3))
    with pytest.raises(ImageError, match="whole numbers"):
        region_table(values, np.eye(4), atlas=save_nifti(np.full(SHAPE, 0.5, dtype=np.float32)))
