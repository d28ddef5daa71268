from __future__ import annotations

import pytest
import torch

from monai_mri.networks import PlaqueFCN


def small(**settings) -> PlaqueFCN:
    return PlaqueFCN(filters=(2, 3), kernel_sizes=(3, 5, 3), **settings)


def test_the_network_of_the_paper_has_233321_parameters():
    assert sum(parameter.numel() for parameter in PlaqueFCN().parameters()) == 233_321


def test_one_output_pixel_sees_a_square_of_33_pixels_and_nothing_beyond():
    torch.manual_seed(0)
    image = torch.rand(1, 1, 47, 49, requires_grad=True)
    PlaqueFCN(output="logit")(image)[0, 0, 23, 24].backward()
    seen = image.grad[0, 0] != 0
    expected = torch.zeros_like(seen)
    expected[23 - 16 : 23 + 17, 24 - 16 : 24 + 17] = True
    assert torch.equal(seen, expected)


@pytest.mark.parametrize(
    ("filters", "sizes"), [((2,), (3, 1)), ((2, 3), (3, 5, 3)), ((1, 1, 1), (1, 1, 1, 1))]
)
def test_the_stated_receptive_field_is_the_measured_one(filters, sizes):
    torch.manual_seed(0)
    network = PlaqueFCN(filters=filters, kernel_sizes=sizes, output="logit")
    image = torch.rand(1, 1, 21, 21, requires_grad=True)
    network(image)[0, 0, 10, 10].backward()
    assert int((image.grad != 0).sum()) == network.receptive_field**2


@pytest.mark.parametrize("size", [(7, 9), (1, 1), (1, 40), (33, 2)])
def test_the_map_has_the_size_of_the_image_whatever_that_is(size):
    with torch.no_grad():
        assert PlaqueFCN()(torch.rand(2, 1, *size)).shape == (2, 1, *size)


def test_several_channels_make_one_map():
    assert small(in_channels=3)(torch.rand(1, 3, 6, 5)).shape == (1, 1, 6, 5)


def test_probabilities_stay_within_0_and_1_for_extreme_images():
    network = small()
    for scale in (1e4, -1e4, 0.0):
        map_ = network(scale * torch.randn(1, 1, 9, 9))
        assert map_.min() >= 0
        assert map_.max() <= 1


def test_the_probability_is_the_sigmoid_of_the_logit():
    logit, probability = small(output="logit"), small(output="probability")
    probability.load_state_dict(logit.state_dict())
    image = torch.randn(1, 1, 12, 11)
    torch.testing.assert_close(probability(image), logit(image).sigmoid())
    assert logit(100 * image).abs().max() > 1


@pytest.mark.parametrize("prior", [0.05, 0.5])
def test_the_untrained_network_expects_the_prior_and_does_not_collapse(prior):
    torch.manual_seed(1)
    with torch.no_grad():
        map_ = PlaqueFCN(prior=prior)(torch.randn(2, 1, 40, 40))
    assert float(map_.median()) == pytest.approx(prior, rel=0.3)
    assert float(map_.std()) > 1e-3


def test_every_parameter_gets_a_gradient_at_the_start():
    torch.manual_seed(0)
    network = PlaqueFCN(output="logit")
    network(torch.randn(1, 1, 24, 24)).square().mean().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())


def test_the_map_moves_with_the_image_away_from_the_border():
    network = small(output="logit")
    image = torch.zeros(1, 1, 30, 30)
    image[..., 10:14, 9:12] = 1
    moved = torch.roll(image, (3, 4), dims=(-2, -1))
    torch.testing.assert_close(
        torch.roll(network(image), (3, 4), (-2, -1))[..., 8:-8, 8:-8], network(moved)[..., 8:-8, 8:-8]
    )


def test_lists_from_yaml_do_as_well_as_tuples():
    assert PlaqueFCN(filters=[2], kernel_sizes=[3, 3]).filters == (2,)


def test_every_call_of_the_constructor_is_repeatable_with_the_seed():
    def weights() -> list[torch.Tensor]:
        torch.manual_seed(5)
        return list(small().state_dict().values())

    assert all(torch.equal(one, other) for one, other in zip(weights(), weights(), strict=True))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kernel_sizes": (3, 3)}, "one kernel size more"),
        ({"filters": ()}, "one kernel size more"),
        ({"kernel_sizes": (5, 7, 8, 7, 5, 5)}, "odd"),
        ({"kernel_sizes": (5, 7, -9, 7, 5, 5)}, "odd"),
        ({"kernel_sizes": (5, 7, 0, 7, 5, 5)}, "odd"),
        ({"output": "logits"}, "'probability' or 'logit'"),
        ({"prior": 0}, "prior"),
        ({"prior": 1}, "prior"),
        ({"prior": float("nan")}, "prior"),
    ],
)
def test_wrong_settings_are_refused_with_their_name(settings, message):
    with pytest.raises(ValueError, match=message):
        PlaqueFCN(**settings)
