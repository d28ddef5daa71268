from __future__ import annotations

import gzip

import nibabel
import numpy as np
import pytest

from monai_mri.manifest.checks.facts import Role
from monai_mri.manifest.checks.inspect import inspect_file


def codes(path, role, depth="voxels"):
    return [fault.code for fault in inspect_file(path, role, depth=depth).faults]


@pytest.fixture
def save(tmp_path):
    def made(array, name="x.nii.gz"):
        path = tmp_path / name
        nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), path)
        return path

    return made


@pytest.fixture
def four(save):
    return save(np.random.default_rng(0).normal(size=(8, 8, 8, 3)).astype(np.float32))


def test_declared_volumes_are_read(four):
    assert codes(four, Role(volumes=3)) == []
    assert codes(four, Role(volumes=2)) == ["E201"]
    assert codes(four, Role()) == ["E201"]


def test_one_volume_where_several_are_declared_is_a_fault(save):
    assert codes(save(np.zeros((8, 8, 8), np.float32)), Role(volumes=3), depth="header") == ["E201"]


def test_a_wrong_checksum_of_a_4d_file_is_found(four):
    packed = bytearray(four.read_bytes())
    packed[-8:-4] = bytes(4)
    four.write_bytes(packed)
    assert codes(four, Role(volumes=3)) == ["E102"]


def test_a_number_that_is_none_in_the_last_volume_is_found(save):
    array = np.ones((8, 8, 8, 3), np.float32)
    array[0, 0, 0, 2] = np.nan
    assert codes(save(array), Role(volumes=3)) == ["E301"]


@pytest.mark.parametrize(
    ("values", "labels", "expected"),
    [
        ((0, 1), (0, 1), []),
        ((0, 255), (0, 1), ["E304"]),
        ((0, 1, 2), (0, 1, 2), []),
        ((0, 3), (0, 1, 2), ["E304"]),
        ((-1, 0), (0, 1), ["E304"]),
        ((0, 0.5), (0, 1), ["E305"]),
    ],
)
def test_labels_of_a_mask(save, values, labels, expected):
    mask = np.resize(np.array(values, np.float32), (8, 8, 8))
    assert codes(save(mask), Role(mask=True, labels=labels)) == expected


def test_an_image_without_contrast_is_a_fault_and_an_empty_mask_is_only_noted(save):
    flat = save(np.full((8, 8, 8), 7, np.int16))
    assert codes(flat, Role()) == ["E302"]
    empty = inspect_file(save(np.zeros((8, 8, 8), np.uint8)), Role(mask=True), depth="voxels")
    assert (empty.faults, empty.empty) == ((), True)


def test_a_recompressed_copy_has_the_same_fingerprint(save, tmp_path):
    path = save(np.random.default_rng(1).normal(size=(20, 20, 20)).astype(np.float32))
    other = tmp_path / "y.nii"
    other.write_bytes(gzip.decompress(path.read_bytes()))
    one, two = (inspect_file(found, Role(), depth="voxels") for found in (path, other))
    assert one.sha256 != two.sha256
    assert one.fingerprint == two.fingerprint
