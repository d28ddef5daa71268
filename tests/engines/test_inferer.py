from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor
from monai.networks.nets import UNet
from torch import nn

from monai_mri.engines import AxialInferer
from monai_mri.networks import PlaqueFCN

REACH = 16


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """A network with the paper's kernel sizes, hence its receptive field, but few filters."""
    torch.manual_seed(0)
    return PlaqueFCN(filters=(2, 2, 3, 3, 2)).eval()


@pytest.fixture(scope="module")
def unet() -> nn.Module:
    torch.manual_seed(0)
    return UNet(spatial_dims=2, in_channels=1, out_channels=2, channels=(4, 8, 16), strides=(2, 2)).eval()


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield


@pytest.mark.parametrize("size", [(64, 48), (33, 70), (1, 1), (7, 9), (5, 64)])
def test_a_slice_that_fits_into_the_window_is_seen_whole(network, size):
    image = torch.randn(2, 1, *size)
    inferer = AxialInferer((64, 70), mode="constant")
    assert torch.equal(inferer(image, network), network(image))
    torch.testing.assert_close(AxialInferer((64, 70))(image, network), network(image), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("mode", ["constant", "gaussian"])
@pytest.mark.parametrize("overlap", [0, 0.25, 0.5])
def test_away_from_the_windows_borders_the_map_is_that_of_the_whole_slice(network, mode, overlap):
    image, window = torch.randn(1, 1, 150, 110), (80, 64)
    windows: list[tuple[int, int]] = []
    whole = network(image)

    def spy(patches: torch.Tensor) -> torch.Tensor:
        assert patches.shape[-2:] == window
        flat = image[0, 0].unfold(0, window[0], 1).unfold(1, window[1], 1)
        for patch in patches:
            hits = (flat[:, :, 0, 0] == patch[0, 0, 0]) & (flat[:, :, -1, -1] == patch[0, -1, -1])
            windows.append(tuple(int(place) for place in hits.nonzero()[0]))
        return network(patches)

    map_ = AxialInferer(window, overlap=overlap, mode=mode)(image, spy)
    near = torch.zeros(150, 110, dtype=torch.bool)
    for row, column in windows:
        square = torch.ones(window, dtype=torch.bool)
        top, left = (0 if start == 0 else REACH for start in (row, column))
        bottom = window[0] - (0 if row + window[0] == 150 else REACH)
        right = window[1] - (0 if column + window[1] == 110 else REACH)
        square[top:bottom, left:right] = False
        near[row : row + window[0], column : column + window[1]] |= square
    assert len(windows) > 3
    assert float((~near).float().mean()) > 0.1
    torch.testing.assert_close(map_[0, 0][~near], whole[0, 0][~near], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("window", [(512, 512), (40, 40)])
@pytest.mark.parametrize("sw_batch_size", [1, 2, 5])
def test_a_volume_is_taken_slice_by_slice(network, window, sw_batch_size):
    volume = torch.randn(2, 1, 45, 50, 3)
    inferer = AxialInferer(window, sw_batch_size=sw_batch_size)
    map_ = inferer(volume, network)
    assert map_.shape == volume.shape
    for depth in range(3):
        alone = inferer(volume[..., depth], network)
        torch.testing.assert_close(map_[..., depth], alone, rtol=1e-5, atol=1e-6)


def test_a_volume_of_one_slice_stays_a_volume(network):
    assert AxialInferer()(torch.randn(1, 1, 20, 21, 1), network).shape == (1, 1, 20, 21, 1)


def test_no_more_slices_than_asked_for_are_in_one_pass(network):
    sizes = []

    def spy(patches: torch.Tensor) -> torch.Tensor:
        sizes.append(len(patches))
        return network(patches)

    AxialInferer(sw_batch_size=2)(torch.randn(1, 1, 20, 21, 5), spy)
    assert sum(sizes) == 5
    assert max(sizes) == 2


@pytest.mark.parametrize("size", [(37, 51), (3, 5), (40, 40), (1, 5), (65, 64), (90, 130)])
def test_a_unet_works_on_any_size(unet, size):
    image = torch.randn(1, 1, *size)
    inferer = AxialInferer((64, 64), divisible_by=4)
    map_ = inferer(image, unet)
    assert map_.shape == (1, 2, *size)
    assert torch.isfinite(map_).all()
    assert inferer(torch.randn(1, 1, *size, 2), unet).shape == (1, 2, *size, 2)


def test_a_unet_sees_a_slice_that_divides_whole(unet):
    image = torch.randn(1, 1, 36, 52)
    inferer = AxialInferer((64, 64), divisible_by=4, mode="constant")
    torch.testing.assert_close(inferer(image, unet), unet(image), rtol=1e-6, atol=1e-6)


def test_a_window_that_does_not_divide_is_refused_or_made_to_divide(unet):
    try:
        map_ = AxialInferer((62, 62), divisible_by=4)(torch.randn(1, 1, 70, 70), unet)
    except ValueError as error:
        assert "divisible_by" in str(error)  # noqa: PT017 - either answer is right
    else:
        assert map_.shape == (1, 2, 70, 70)


def test_one_image_after_another_of_other_sizes_does_not_change_the_answer(network):
    inferer, image = AxialInferer((64, 64)), torch.randn(1, 1, 70, 70)
    before = inferer(image, network)
    inferer(torch.randn(1, 1, 5, 200), network)
    assert torch.equal(inferer(image, network), before)


def test_a_meta_tensor_gives_the_same_map(network):
    image = torch.randn(1, 1, 30, 20, 2)
    torch.testing.assert_close(
        torch.as_tensor(AxialInferer()(MetaTensor(image), network)), AxialInferer()(image, network)
    )


def test_windows_of_yaml_lists_and_further_arguments_of_the_network_pass():
    def add(patches: torch.Tensor, amount: float, *, sign: int) -> torch.Tensor:
        return patches + sign * amount

    image = torch.randn(1, 1, 9, 9)
    map_ = AxialInferer([8, 8])(image, add, 2.0, sign=-1)
    torch.testing.assert_close(map_, image - 2, rtol=1e-5, atol=1e-6)
