from __future__ import annotations

import math

import pytest
import torch

from monai_mri.losses import SigmoidSquaredError

LOGITS = torch.tensor([[[[0.0, math.log(3)]]], [[[-math.log(3), 0.0]]]])  # sigmoid: .5 .75 .25 .5
MASK = torch.tensor([[[[1.0, 1.0]]], [[[0.0, 0.0]]]])
SQUARES = 0.25 + 0.0625 + 0.0625 + 0.25


def test_the_loss_is_half_the_sum_of_squares_over_the_number_of_tiles():
    assert SigmoidSquaredError()(LOGITS, MASK).item() == pytest.approx(SQUARES / (2 * 2))


def test_per_pixel_it_is_the_mean_square():
    assert SigmoidSquaredError(per_pixel=True)(LOGITS, MASK).item() == pytest.approx(SQUARES / 4)


@pytest.mark.parametrize("per_pixel", [True, False])
def test_a_perfect_map_costs_nothing(per_pixel):
    loss = SigmoidSquaredError(per_pixel=per_pixel)(200 * (MASK - 0.5), MASK)
    assert loss.item() == pytest.approx(0, abs=1e-12)


def test_the_gradient_is_the_one_on_paper():
    logits = LOGITS.clone().requires_grad_()
    SigmoidSquaredError()(logits, MASK).backward()
    share = LOGITS.sigmoid()
    torch.testing.assert_close(logits.grad, (share - MASK) * share * (1 - share) / 2)


@pytest.mark.parametrize("per_pixel", [True, False])
def test_the_gradient_agrees_with_finite_differences(per_pixel):
    torch.manual_seed(0)
    logits = torch.randn(3, 1, 2, 4, dtype=torch.float64, requires_grad=True)
    mask = (torch.rand(3, 1, 2, 4, dtype=torch.float64) > 0.5).double()
    assert torch.autograd.gradcheck(lambda x: SigmoidSquaredError(per_pixel=per_pixel)(x, mask), logits)


def test_repeating_a_batch_does_not_change_its_loss():
    loss = SigmoidSquaredError()
    twice = loss(torch.cat([LOGITS, LOGITS]), torch.cat([MASK, MASK]))
    torch.testing.assert_close(twice, loss(LOGITS, MASK))


def test_extreme_logits_give_finite_loss_and_gradient():
    logits = torch.tensor([[[[1e30, -1e30]]]], requires_grad=True)
    loss = SigmoidSquaredError()(logits, torch.tensor([[[[0.0, 1.0]]]]))
    loss.backward()
    assert loss.item() == pytest.approx(1)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("shape", [(2, 1, 1, 1), (1, 1, 1, 2), (1, 1, 2)])
def test_a_mask_of_another_shape_is_refused_instead_of_broadcast(shape):
    with pytest.raises((ValueError, RuntimeError)):
        SigmoidSquaredError()(LOGITS, torch.zeros(shape))
