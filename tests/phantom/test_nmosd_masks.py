from __future__ import annotations

import nibabel
import numpy as np
import pytest
from scipy import ndimage

from monai_mri.errors import DataError, UsageError
from monai_mri.phantom.anatomy import load_anatomy
from monai_mri.phantom.nmosd_lesions import Maps, draw_lesions, grow_lesions
from monai_mri.phantom.nmosd_masks import read_lesion_masks
from monai_mri.phantom.nmosd_places import ms_map, nmosd_map, tissue

AFFINE = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
SHAPE = (91, 109, 91)


@pytest.fixture(scope="module")
def anatomy():
    return load_anatomy(step_mm=2)


def write_mask(path, *cubes):
    """A mask with cubes, each its centre in MNI mm and its half edge in voxels."""
    mask = np.zeros(SHAPE, dtype=np.uint8)
    for centre_mm, half in cubes:
        i, j, k = np.rint(np.linalg.inv(AFFINE) @ [*centre_mm, 1])[:3].astype(int)
        mask[i - half : i + half + 1, j - half : j + half + 1, k - half : k + half + 1] = 1
    path.parent.mkdir(exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(mask, AFFINE), path)


def test_density_lies_where_the_masks_lie_and_every_mask_weighs_the_same(anatomy, tmp_path):
    left, right = (-30.0, -20.0, 26.0), (30.0, -20.0, 26.0)
    write_mask(tmp_path / "a" / "mask.nii.gz", (left, 1))
    write_mask(tmp_path / "b" / "mask.nii.gz", (right, 3))
    real = read_lesion_masks(tmp_path, anatomy)
    density = real.places.density(anatomy.wm.shape)
    x = anatomy.axes_mm[0]
    assert real.masks == 2
    assert density[x < 0].sum() == pytest.approx(0.5, abs=0.1)
    for centre in (left, right):
        assert density[tuple(anatomy.nearest_voxel(np.array(centre)))] > 0
    assert density[np.abs(x) < 8].sum() < 1e-3
    assert not density[~tissue(anatomy)].any()


def test_volumes_are_those_of_the_components_within_the_limits(anatomy, tmp_path):
    write_mask(tmp_path / "mask.nii", ((-30, -20, 26), 0), ((30, -20, 26), 1), ((30, 20, 26), 4))
    np.testing.assert_allclose(read_lesion_masks(tmp_path, anatomy).volumes_ml, [27 * 8 / 1000, 3.0])


def test_images_that_are_no_masks_are_passed_over(anatomy, tmp_path):
    write_mask(tmp_path / "mask.nii.gz", ((30, -20, 26), 1))
    write_mask(tmp_path / "nothing.nii.gz")
    grey = np.random.default_rng(0).uniform(0, 9, SHAPE).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(grey, AFFINE), tmp_path / "flair.nii.gz")
    (tmp_path / "notes.txt").write_text("no image")
    assert read_lesion_masks(tmp_path, anatomy).masks == 1


def test_a_folder_that_is_missing_or_holds_no_mask_is_named(anatomy, tmp_path):
    with pytest.raises(UsageError, match=r"lesion_masks: .*is no folder"):
        read_lesion_masks(tmp_path / "none", anatomy)
    write_mask(tmp_path / "nothing.nii.gz")
    with pytest.raises(DataError, match="no lesion mask"):
        read_lesion_masks(tmp_path, anatomy)


def test_masks_that_lie_outside_the_brain_of_mni_space_are_refused(anatomy, tmp_path):
    write_mask(tmp_path / "mask.nii.gz", ((84, 80, 90), 2))
    with pytest.raises(DataError, match=r"mask\.nii\.gz: 0% of the mask lies in the brain of MNI space"):
        read_lesion_masks(tmp_path, anatomy)


def test_masks_with_specks_alone_are_refused(anatomy, tmp_path):
    write_mask(tmp_path / "mask.nii.gz", ((30, -20, 26), 0))
    with pytest.raises(DataError, match=r"smaller than 0\.05 ml"):
        read_lesion_masks(tmp_path, anatomy)


def test_lesions_grown_from_real_masks_lie_where_the_real_ones_do(anatomy, real_data):
    real = read_lesion_masks(real_data / "open_ms_data/cross_sectional/MNI", anatomy)
    assert real.masks == 20

    def grown(places, typical):
        maps = Maps(places, nmosd_map(anatomy), real.volumes_ml)
        total = np.zeros(anatomy.wm.shape, dtype=np.float32)
        for seed in range(40):
            lesions = draw_lesions(anatomy, maps, np.random.default_rng(seed), typical=typical)
            total += grow_lesions(anatomy, lesions)[0]
        return ndimage.gaussian_filter(total, 3)

    brain = tissue(anatomy)
    wanted = ndimage.gaussian_filter(real.places.density(brain.shape), 3)[brain]
    found = {
        name: np.corrcoef(wanted, grown(places, typical)[brain])[0, 1]
        for name, places, typical in (
            ("ms", real.places, 0.0),
            ("nmosd", real.places, 1.0),
            ("synthetic", ms_map(anatomy), 0.0),
        )
    }
    assert found["ms"] > 0.9, found
    assert found["nmosd"] < 0.5, found
    assert found["synthetic"] > 0.5, found
