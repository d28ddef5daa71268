from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from monai_mri.errors import ImageError, UsageError
from monai_mri.transforms import (
    apply_symmetry,
    compose_symmetries,
    cube_symmetries,
    inverse_symmetry,
    symmetry_of,
)


@pytest.fixture
def volume() -> torch.Tensor:
    return torch.arange(2 * 27.0).reshape(2, 3, 3, 3)


def matrix(index: int) -> np.ndarray:
    order, flips = symmetry_of(index)
    turned = np.zeros((3, 3))
    for new, (old, flip) in enumerate(zip(order, flips, strict=True)):
        turned[old, new] = -1 if flip else 1
    return turned


def numpy_views(array: np.ndarray) -> dict[bytes, str]:
    """Every copy that numpy's rot90 around the three axes and a flip can make."""
    views = {}
    for a, b, c, flip in product(range(4), range(4), range(4), range(2)):
        turned = np.rot90(np.rot90(np.rot90(array, a, (1, 2)), b, (2, 3)), c, (1, 3))
        turned = np.flip(turned, 1) if flip else turned
        views[np.ascontiguousarray(turned).tobytes()] = "mirrored" if flip else "rotated"
    return views


def test_there_are_48_distinct_copies_and_the_first_is_the_volume(volume):
    copies = cube_symmetries(volume)
    assert copies.shape == (48, 2, 3, 3, 3)
    assert copies.is_contiguous()
    assert torch.equal(copies[0], volume)
    assert len({copy.numpy().tobytes() for copy in copies}) == 48


def test_the_copies_are_byte_for_byte_those_of_numpy(volume):
    views = numpy_views(volume.numpy())
    copies = [copy.numpy().tobytes() for copy in cube_symmetries(volume)]
    assert set(copies) == set(views)
    assert [views[copy] for copy in copies] == ["rotated"] * 24 + ["mirrored"] * 24


def test_the_second_24_are_the_first_24_with_the_first_axis_reversed(volume):
    copies = cube_symmetries(volume)
    assert torch.equal(copies[24:], copies[:24].flip(2))


@pytest.mark.parametrize("index", range(48))
def test_one_copy_is_that_of_all_for_tensors_and_arrays(volume, index):
    wanted = cube_symmetries(volume)[index]
    assert torch.equal(apply_symmetry(volume, index), wanted)
    array = apply_symmetry(volume.numpy(), index)
    assert array.flags.c_contiguous
    assert array.tobytes() == wanted.numpy().tobytes()


def test_determinants_are_1_for_the_first_24_and_minus_1_for_the_rest():
    found = [round(np.linalg.det(matrix(index))) for index in range(48)]
    assert found == [1] * 24 + [-1] * 24


def test_the_48_are_a_group_and_its_table_is_that_of_the_copies(volume):
    copies = cube_symmetries(volume)
    number = {copy.numpy().tobytes(): index for index, copy in enumerate(copies)}
    table = np.array(
        [
            [number[copy.numpy().tobytes()] for copy in map(apply_symmetry, copies, [then] * 48)]
            for then in range(48)
        ]
    ).T
    assert table.tolist() == [[compose_symmetries(first, then) for then in range(48)] for first in range(48)]
    everyone = list(range(48))
    assert all(sorted(row) == everyone for row in table.tolist())
    assert all(sorted(column) == everyone for column in table.T.tolist())


def test_the_inverse_brings_every_voxel_back(volume):
    for index in range(48):
        back = inverse_symmetry(index)
        assert torch.equal(apply_symmetry(apply_symmetry(volume, index), back), volume)
        assert compose_symmetries(index, back) == compose_symmetries(back, index) == 0


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float16, torch.float64])
def test_type_and_device_stay(dtype):
    volume = (torch.arange(8).reshape(1, 2, 2, 2) % 3).to(dtype)
    assert cube_symmetries(volume).dtype == apply_symmetry(volume, 9).dtype == dtype
    assert cube_symmetries(volume.to("meta")).device.type == "meta"


def test_a_copy_is_new_and_leaves_the_volume_alone(volume):
    before = volume.clone()
    for index in (0, 1, 24):
        apply_symmetry(volume, index).fill_(-1)
    copies = cube_symmetries(volume)
    copies.zero_()
    assert torch.equal(volume, before)


def test_a_volume_that_does_not_lie_in_a_row_in_memory_is_read_right(volume):
    strided = volume.permute(0, 3, 1, 2)
    assert torch.equal(cube_symmetries(strided), cube_symmetries(strided.contiguous()))


def test_one_voxel_has_48_equal_copies():
    assert cube_symmetries(torch.ones(1, 1, 1, 1)).sum() == 48


@pytest.mark.parametrize("shape", [(1, 3, 3, 4), (1, 4, 3, 3), (1, 3, 4, 3)])
def test_sides_that_differ_are_refused(shape):
    with pytest.raises(ImageError, match=r"three equal sides.*cut cubic patches"):
        cube_symmetries(torch.zeros(shape))
    with pytest.raises(ImageError, match="three equal sides"):
        apply_symmetry(np.zeros(shape), 0)


@pytest.mark.parametrize("shape", [(3, 3, 3), (1, 1, 3, 3, 3)])
def test_all_copies_are_of_one_volume_with_channels(shape):
    with pytest.raises(ImageError, match=r"expected \(C, N, N, N\)"):
        cube_symmetries(torch.zeros(shape))


@pytest.mark.parametrize("index", [-1, 48])
def test_a_number_that_is_no_symmetry_is_refused(volume, index):
    for call in (lambda: apply_symmetry(volume, index), lambda: inverse_symmetry(index)):
        with pytest.raises(UsageError, match="from 0 to 47"):
            call()


@pytest.mark.parametrize("index", [0, 5, 17, 24, 40, 47])
def test_with_an_affine_every_voxel_keeps_its_place_in_the_world(index):
    affine = torch.tensor(
        [[-2.0, 0.1, 0, 30], [0.2, 1.5, 0, -20], [0, 0.3, 1, 7], [0, 0, 0, 1]], dtype=torch.float64
    )
    places = torch.stack(torch.meshgrid(*[torch.arange(4.0)] * 3, indexing="ij")).double()
    world = torch.einsum("ab,bijk->aijk", affine[:3, :3], places) + affine[:3, 3].reshape(3, 1, 1, 1)
    turned = apply_symmetry(MetaTensor(world, affine=affine, meta={"filename_or_obj": "a.nii"}), index)
    assert isinstance(turned, MetaTensor)
    assert turned.meta["filename_or_obj"] == "a.nii"
    again = torch.einsum("ab,bijk->aijk", turned.affine[:3, :3], places) + turned.affine[:3, 3].reshape(
        3, 1, 1, 1
    )
    torch.testing.assert_close(turned.as_tensor(), again)


def test_the_affine_of_the_volume_itself_stays():
    volume = MetaTensor(torch.zeros(1, 2, 2, 2), affine=torch.eye(4))
    apply_symmetry(volume, 30)
    assert torch.equal(volume.affine, torch.eye(4, dtype=volume.affine.dtype))


def test_all_copies_of_a_metatensor_are_a_plain_tensor(volume):
    assert type(cube_symmetries(MetaTensor(volume))) is torch.Tensor
