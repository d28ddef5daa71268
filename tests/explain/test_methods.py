from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.networks.nets import DenseNet, resnet10
from monai.visualize import CAM, GradCAM
from torch import nn

from monai_mri.errors import UsageError
from monai_mri.explain import METHODS, cam, default_layer, grad_cam, hires_cam, make_map, summed_map
from monai_mri.explain.capture import capture
from monai_mri.networks.migraine_cnn import MigraineCNN

SHAPE = (13, 15, 11)


@pytest.fixture
def volume():
    return torch.rand(1, 1, *SHAPE, generator=torch.Generator().manual_seed(1))


@pytest.fixture(params=["flatten", "gap"])
def network(request):
    torch.manual_seed(0)
    return MigraineCNN(SHAPE, filters=(4, 3, 5), head=request.param)


@pytest.fixture
def averaging():
    torch.manual_seed(0)
    return MigraineCNN(SHAPE, filters=(4, 3, 5), head="gap")


class TwoMaps(nn.Module):
    """Maps: the volume, and its opposite; class 1 reads 3 times the first less twice the second."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv3d(1, 2, 1)
        self.out = nn.Linear(2, 2)
        self.features.weight.data = torch.tensor([1.0, -1.0]).view(2, 1, 1, 1, 1)
        self.features.bias.data.zero_()
        self.out.weight.data = torch.tensor([[0.0, 0.0], [3.0, -2.0]])

    def forward(self, volume):
        return self.out(self.features(volume).mean((2, 3, 4)))


def test_hand_made_maps_are_as_reckoned_by_hand(volume):
    network, raw = TwoMaps(), volume[0, 0].numpy()
    np.testing.assert_allclose(cam(network, volume, layer="features", target=1), 5 * raw, rtol=1e-5)
    per_cell = 5 * raw / raw.size
    np.testing.assert_allclose(grad_cam(network, volume, layer="features", target=1), per_cell, rtol=1e-4)
    assert not grad_cam(network, volume, layer="features", target=0).any()
    assert not summed_map(network, volume, layer="features").any()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_a_finite_map_on_the_inputs_grid(averaging, volume, method):
    drawn = make_map(method, averaging, volume, target=1)
    assert drawn.shape == SHAPE
    assert drawn.dtype == np.float32
    assert np.isfinite(drawn).all()


def test_the_summed_map_is_the_scaled_sum_of_the_feature_maps(network, volume):
    total = network.features(volume)[0].sum(0).detach().numpy()
    wanted = (total - total.min()) / np.ptp(total)
    drawn = summed_map(network, volume, layer="features")
    # Between the centres of cells 2 and 3, voxels 4.5 and 6.5, voxel 5 lies a quarter on the way.
    quarter = [3 / 4, 1 / 4]
    cell = np.einsum("i,j,k,ijk->", quarter, quarter, quarter, wanted[2:4, 2:4, 2:4])
    assert drawn[5, 5, 5] == pytest.approx(cell, rel=1e-4)


def test_the_mean_of_a_cam_and_the_bias_are_the_logit(averaging, volume):
    captured = capture(averaging, volume, "features")
    weights, bias = averaging.classifier[-1].weight, averaging.classifier[-1].bias
    cells = torch.einsum("f,fijk->ijk", weights[1], captured.maps[0])
    assert (cells.mean() + bias[1]).item() == pytest.approx(averaging(volume)[0, 1].item(), rel=1e-4)
    np.testing.assert_allclose(
        cam(averaging, volume, layer="features", target=1), captured.drawn(cells), rtol=1e-5
    )


@pytest.mark.parametrize("target", [0, 1])
def test_grad_cam_is_monais_before_it_is_drawn(network, volume, target):
    ours = grad_cam(network, volume, layer="features", target=target)
    theirs = GradCAM(network, "features").compute_map(volume.requires_grad_(), class_idx=target)[0, 0]
    np.testing.assert_allclose(ours, capture(network, volume, "features").drawn(theirs), rtol=1e-4, atol=1e-7)


def test_cam_is_monais_less_the_bias(averaging, volume):
    theirs = CAM(averaging, "features", "classifier.1").compute_map(volume, class_idx=[1])[0, 0]
    cells = theirs - averaging.classifier[-1].bias[1]
    drawn = capture(averaging, volume, "features").drawn(cells)
    np.testing.assert_allclose(
        cam(averaging, volume, layer="features", target=1), drawn, rtol=1e-4, atol=1e-5
    )


def test_grad_cam_under_an_average_is_the_positive_part_of_cam(averaging, volume):
    captured = capture(averaging, volume, "features")
    cells = torch.einsum("f,fijk->ijk", averaging.classifier[-1].weight[0], captured.maps[0]).clamp(min=0)
    drawn = grad_cam(averaging, volume, layer="features", target=0)
    np.testing.assert_allclose(drawn, captured.drawn(cells) / cells.numel(), rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("target", [0, 1])
def test_the_cells_of_a_hires_cam_sum_to_the_logits_difference_where_one_layer_follows(volume, target):
    torch.manual_seed(0)
    network = MigraineCNN(SHAPE, filters=(4, 3, 5), hidden=[])
    captured = capture(network, volume, "features")
    bias = network.classifier[-1].bias
    difference = captured.logits[0, target] - captured.logits[0, 1 - target]
    (gradient,) = torch.autograd.grad(difference, captured.maps, retain_graph=True)
    cells = (gradient * captured.maps.detach()).sum(1)[0]
    assert cells.sum().item() == pytest.approx(
        (difference - bias[target] + bias[1 - target]).item(), rel=1e-4
    )
    np.testing.assert_allclose(
        hires_cam(network, volume, layer="features", target=target),
        captured.drawn(cells),
        rtol=1e-4,
        atol=1e-7,
    )


def test_hires_cam_speaks_against_one_class_what_it_speaks_for_the_other(network, volume):
    first, second = (hires_cam(network, volume, layer="features", target=n) for n in (0, 1))
    np.testing.assert_allclose(first, -second, rtol=1e-4, atol=1e-8)


def test_hires_cam_under_an_average_is_the_difference_of_the_classes_cams(averaging, volume):
    classes = [cam(averaging, volume, layer="features", target=n) for n in (1, 0)]
    drawn = hires_cam(averaging, volume, layer="features", target=1)
    np.testing.assert_allclose(
        drawn, (classes[0] - classes[1]) / np.prod(averaging.feature_shape), rtol=1e-3, atol=1e-7
    )


class OneCorner(nn.Module):
    """Dense layers that read one place only, and maps that are alike everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv3d(1, 2, 1)
        self.out = nn.Linear(2 * int(np.prod(SHAPE)), 2)
        nn.init.constant_(self.features.weight, 1.0)
        nn.init.zeros_(self.features.bias)
        nn.init.zeros_(self.out.weight)
        with torch.no_grad():
            self.out.weight[1].view(2, *SHAPE)[:, 12, 0, 10] = 1

    def forward(self, volume):
        return self.out(self.features(volume).flatten(1))


def test_hires_cam_finds_the_place_that_dense_layers_read_and_grad_cam_does_not(volume):
    network, flat = OneCorner(), torch.ones(1, 1, *SHAPE)
    found = hires_cam(network, flat, layer="features", target=1)
    assert np.argwhere(found).tolist() == [[12, 0, 10]]
    assert np.ptp(grad_cam(network, flat, layer="features", target=1)) == 0


def test_cam_of_a_network_without_an_average_is_refused(volume):
    with pytest.raises(
        UsageError, match=r"global-average-pooling head; train the network anew .*network_def::head=gap"
    ):
        cam(MigraineCNN(SHAPE, filters=(2, 2, 2)), volume, layer="features")


def test_cam_of_a_layer_that_is_not_averaged_is_refused(averaging, volume):
    with pytest.raises(UsageError, match="does not read the averages of layer"):
        cam(averaging, volume, layer="features.0")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_left_as_it_was(averaging, volume, method, training):
    averaging.train(training)
    averaging.features[0].eval()
    for parameter in averaging.parameters():
        parameter.grad = torch.full_like(parameter, 7.0)
    weights = {name: value.clone() for name, value in averaging.state_dict().items()}
    make_map(method, averaging, volume, target=0)
    assert averaging.training is training
    assert averaging.classifier.training is training
    assert not averaging.features[0].training
    assert all(bool((parameter.grad == 7).all()) for parameter in averaging.parameters())
    assert all(torch.equal(weights[name], value) for name, value in averaging.state_dict().items())
    assert not any(module._forward_hooks or module._backward_hooks for module in averaging.modules())
    assert torch.is_grad_enabled()


def test_no_gradient_stays_on_parameters_and_input(network, volume):
    volume.requires_grad_()
    grad_cam(network, volume, layer="features")
    assert volume.grad is None
    assert all(parameter.grad is None for parameter in network.parameters())


def test_hooks_are_removed_when_the_network_fails(network):
    with pytest.raises(ValueError, match="expected"):
        grad_cam(network, torch.rand(1, 3, *SHAPE), layer="features")
    assert not any(module._forward_hooks for module in network.modules())


def test_frozen_networks_and_callers_without_gradients_are_served(network, volume):
    wanted = grad_cam(network, volume, layer="features", target=1)
    network.requires_grad_(False)
    with torch.no_grad():
        np.testing.assert_array_equal(grad_cam(network, volume, layer="features", target=1), wanted)


def test_a_layer_behind_which_others_work_in_place_is_kept_unchanged(network, volume):
    first = network.features[0]
    np.testing.assert_allclose(
        capture(network, volume, "features.0").maps.detach(), first(volume).detach(), rtol=1e-5
    )
    assert grad_cam(network, volume, layer="features.0").shape == SHAPE


@pytest.mark.parametrize(
    ("net", "layer"),
    [
        (
            lambda: DenseNet(3, 1, 2, init_features=4, growth_rate=2, block_config=(1, 1, 1, 1)),
            "class_layers.relu",
        ),
        (
            lambda: resnet10(
                spatial_dims=3, n_input_channels=1, num_classes=2, feed_forward=True, widen_factor=0.1
            ),
            "layer4",
        ),
    ],
)
def test_monais_densenet_and_resnet_are_explained_by_every_method(net, layer):
    torch.manual_seed(0)
    network, volume = net(), torch.rand(1, 1, 33, 40, 35)
    assert default_layer(network) == layer
    for method in ("summed", "cam", "grad_cam", "hires_cam"):
        drawn = make_map(method, network, volume, target=1)
        assert drawn.shape == (33, 40, 35)
    cells = cam(network, volume, layer=layer, target=0) - cam(network, volume, layer=layer, target=1)
    assert np.isfinite(cells).all()


def test_no_target_means_the_predicted_class(network, volume):
    predicted = int(network(volume).argmax())
    wanted = grad_cam(network, volume, layer="features", target=predicted)
    np.testing.assert_array_equal(grad_cam(network, volume, layer="features"), wanted)


def test_a_wrong_layer_class_volume_or_method_is_named(network, volume):
    with pytest.raises(UsageError, match=r"no layer 'feature'.*features"):
        summed_map(network, volume, layer="feature")
    with pytest.raises(UsageError, match="expected feature maps"):
        summed_map(network, volume, layer="classifier")
    with pytest.raises(UsageError, match=r"class 2, expected 0 to 1"):
        grad_cam(network, volume, layer="features", target=2)
    with pytest.raises(UsageError, match=r"expected \(1, C, I, J, K\)"):
        grad_cam(network, volume[0], layer="features")
    with pytest.raises(UsageError, match="'saliency', expected one of summed, cam, grad_cam, hires"):
        make_map("saliency", network, volume)
    with pytest.raises(UsageError, match="none of the layers"):
        default_layer(nn.Linear(2, 2))
