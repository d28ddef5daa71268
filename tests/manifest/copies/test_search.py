"""Pairs of copies across subjects."""

import numpy as np
import pytest
from scipy import ndimage

from monai_mri.images import read_image
from monai_mri.manifest.copies import find_copies, fingerprint


def head(seed, size=96):
    """A disc with a bright rim and a texture of its own on black."""
    rng = np.random.default_rng(seed)
    radius = np.hypot(*(np.indices((size, size)) - size / 2)) / size
    texture = ndimage.gaussian_filter(rng.normal(size=(size, size)), size / 40)
    tissue = (radius < 0.36) * (100 + 25 * texture / texture.std()) + 200 * (np.abs(radius - 0.4) < 0.02)
    return tissue.astype(np.float32)


def brain(seed):
    rng = np.random.default_rng(seed)
    cells = np.indices((40, 44, 36))
    radius = np.sqrt(
        sum(((axis - length / 2) / length) ** 2 for axis, length in zip(cells, cells.shape[1:], strict=True))
    )
    texture = ndimage.gaussian_filter(rng.normal(size=cells.shape[1:]), 2.0)
    return ((radius < 0.42) * (100 + 25 * texture / texture.std())).astype(np.float32)


def search(*arrays, groups=None, **settings):
    prints = [fingerprint(np.ascontiguousarray(array, dtype=np.float32)) for array in arrays]
    return find_copies(prints, groups or [str(number) for number in range(len(arrays))], **settings)


@pytest.mark.parametrize("make", [head, brain])
def test_same_voxels_are_found(make):
    (copy,) = search(make(0), make(1), make(0))
    assert (copy.first, copy.second, copy.kind, copy.similarity, copy.transform) == (0, 2, "voxels", 1.0, "")


@pytest.mark.parametrize("make", [head, brain])
def test_images_of_different_subjects_are_no_copies(make):
    assert search(*(make(seed) for seed in range(12))) == []


def test_same_voxels_of_one_subject_are_not_reported():
    assert search(head(0), head(0), head(0)[:, ::-1], groups=["a", "a", "a"]) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a[:, ::-1], "flipped left-right"),
        (lambda a: a[::-1], "flipped up-down"),
        (lambda a: np.rot90(a), "turned by 90 degrees"),
        (lambda a: a * 0.5 + 3, "grey values rescaled"),
        (lambda a: 300 - a, "grey values inverted"),
        (lambda a: 7 * a[::-1], "flipped up-down, grey values rescaled"),
    ],
)
def test_turned_and_rescaled_copies_are_transformed(change, words):
    (copy,) = search(head(0), head(1), change(head(0)))
    assert (copy.first, copy.second, copy.kind, copy.transform) == (0, 2, "transformed", words)


def test_volume_stored_again_as_int16_with_a_slope_is_transformed():
    stored = np.rint(brain(0) / brain(0).max() * 32000)
    (copy,) = search(brain(0), stored[::-1])
    assert (copy.kind, copy.transform) == ("transformed", "flipped left-right, grey values rescaled")


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a**1.3,
        lambda a: a + np.random.default_rng(9).normal(0, 8, a.shape),
        lambda a: ndimage.gaussian_filter(a, 1),
        lambda a: np.pad(a, 20)[10:, 5:],
        lambda a: ndimage.rotate(a, 5, reshape=False, order=1),
        lambda a: ndimage.zoom(a, 1.5, order=1)[:, ::-1],
    ],
    ids=["gamma", "noise", "blur", "shift", "rotation", "size and flip"],
)
def test_changed_pictures_are_near_copies(change):
    found = search(*(head(seed) for seed in range(6)), change(head(3)))
    assert [(copy.first, copy.second, copy.kind) for copy in found] == [(3, 6, "near")]


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a**1.3,
        lambda a: np.pad(a, 6)[3:, 2:],
        lambda a: ndimage.rotate(a[::-1], 6, axes=(0, 1), reshape=False, order=1),
    ],
    ids=["gamma", "shift", "rotation and flip"],
)
def test_changed_volumes_are_near_copies(change):
    found = search(*(brain(seed) for seed in range(5)), change(brain(3)))
    assert [(copy.first, copy.second, copy.kind) for copy in found] == [(3, 5, "near")]


@pytest.mark.parametrize("shape", [(8, 8), (33, 33), (64, 64), (14, 14, 14), (35, 35, 35)])
def test_noise_images_are_no_copies(shape):
    rng = np.random.default_rng(0)
    assert search(*(rng.random(shape, dtype=np.float32) for _ in range(25))) == []


def test_blobs_on_black_are_no_near_copies():
    spots = []
    for seed in range(12):
        picture = np.zeros((64, 64))
        picture[tuple(np.random.default_rng(seed).integers(10, 54, 2))] = 1
        spots.append(ndimage.gaussian_filter(picture, 2 + seed / 20))
    assert search(*spots) == []


def test_hundreds_of_copies_stay_connected_without_all_their_pairs():
    copies = [head(0) + (number % 3 == 0) * number for number in range(200)]
    found = search(*copies, head(1))
    reached, grew = {0}, True
    while grew:
        grew = False
        for copy in found:
            if (copy.first in reached) != (copy.second in reached):
                reached |= {copy.first, copy.second}
                grew = True
    assert reached == set(range(200))
    assert len(found) < 1300


def test_images_without_a_fingerprint_are_passed_over():
    (copy,) = search(np.zeros((40, 40)), head(0), np.zeros((40, 40)), brain(0), head(0))
    assert (copy.first, copy.second) == (1, 4)


def test_near_copies_can_be_left_out():
    assert search(head(0), head(0) ** 1.3, near=False) == []


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="1 fingerprints and 0 groups"):
        find_copies([None], [])


def test_different_persons_in_mni_space_are_no_copies(real_data):
    paths = sorted((real_data / "open_ms_wm_mni").glob("mwc2*.nii"))[:4]
    paths += sorted((real_data / "open_ms_data/cross_sectional/MNI").glob("patient*/[FT]*.nii.gz"))
    prints = [fingerprint(read_image(path).array[::2, ::2, ::2]) for path in paths]
    assert (
        find_copies(prints, [path.parent.name + path.name[:14] * (path.suffix == ".nii") for path in paths])
        == []
    )


def test_known_near_copies_between_train_and_test_are_found(real_data):
    names = ["test/meningioma/brisc2025_test_00340_me_ax_t1", "test/meningioma/brisc2025_test_00275_me_ax_t1"]
    names += [
        "train/meningioma/brisc2025_train_01548_me_ax_t1",
        "train/meningioma/brisc2025_train_01268_me_ax_t1",
    ]
    arrays = [read_image(real_data / f"brisc2025/classification_task/{name}.jpg").array for name in names]
    found = {(copy.first, copy.second): (copy.kind, copy.transform) for copy in search(*arrays)}
    assert found == {(1, 3): ("voxels", ""), (0, 2): ("near", "flipped left-right")}
