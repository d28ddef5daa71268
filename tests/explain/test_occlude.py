from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from monai_mri.errors import UsageError
from monai_mri.explain import occlusion

SHAPE = (9, 8, 7)


class BrightCorner(nn.Module):
    """The logit of class 1 is one voxel's value."""

    def __init__(self, *, classes=2) -> None:
        super().__init__()
        self.classes = classes
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, volume):
        logit = self.scale * volume[:, :1, 8, 0, 6]
        return logit if self.classes == 1 else torch.cat([torch.zeros_like(logit), logit], 1)


def one_voxel(channels=1):
    volume = torch.zeros(1, channels, *SHAPE)
    volume[0, :, 8, 0, 6] = 2
    return volume


def by_hand(network, volume, size, stride, target):
    """The same, box by box."""

    def probability(batch):
        logits = network(batch)
        return (logits.softmax(1) if logits.shape[1] > 1 else logits.sigmoid())[0, target].item()

    starts = [sorted({min(s, n - size) for s in range(0, n, stride)}) for n in SHAPE]
    total, count = np.zeros(SHAPE), np.zeros(SHAPE)
    for i in starts[0]:
        for j in starts[1]:
            for k in starts[2]:
                box = (slice(i, i + size), slice(j, j + size), slice(k, k + size))
                covered = volume.clone()
                covered[(0, slice(None), *box)] = 0
                total[box] += probability(volume) - probability(covered)
                count[box] += 1
    return total / count


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (3, 1), (3, 2), (3, 3), (4, 3)])
@pytest.mark.parametrize("classes", [1, 2])
def test_the_map_is_the_mean_fall_of_probability_box_by_box(size, stride, classes):
    network, target = BrightCorner(classes=classes), classes - 1
    drawn = occlusion(network, one_voxel(), target=target, size=size, stride=stride)
    np.testing.assert_allclose(drawn, by_hand(network, one_voxel(), size, stride, target), atol=1e-6)


def test_covering_one_voxel_at_a_time_finds_the_corner_alone():
    drawn = occlusion(BrightCorner(), one_voxel(), target=1, size=1, stride=1, batch_size=100)
    expected = float(torch.tensor([0.0, 2.0]).softmax(0)[1]) - 0.5
    assert drawn[8, 0, 6] == pytest.approx(expected, abs=1e-6)
    assert np.count_nonzero(np.abs(drawn) > 1e-6) == 1


def test_what_speaks_against_a_class_is_negative():
    assert occlusion(BrightCorner(), one_voxel(), target=0, size=2, stride=2).min() < 0


def test_all_channels_are_covered_together_and_the_baseline_covers():
    assert occlusion(BrightCorner(), one_voxel(2), target=1, size=3, stride=3).max() > 0.3
    assert (
        np.abs(occlusion(BrightCorner(), one_voxel(), target=1, size=3, stride=3, baseline=2.0)).max() < 1e-6
    )


def test_a_box_larger_than_the_volume_is_cut_to_it():
    drawn = occlusion(BrightCorner(), one_voxel(), target=1, size=(50, 50, 50), stride=20)
    assert np.ptp(drawn) == 0
    assert drawn[0, 0, 0] > 0.3


@pytest.mark.parametrize("setting", [{"size": 2, "stride": 3}, {"size": 0, "stride": 0}, {"size": (2, 2)}])
def test_boxes_that_leave_gaps_are_refused(setting):
    with pytest.raises(UsageError, match="1 <= stride <= size"):
        occlusion(BrightCorner(), one_voxel(), **setting)


def test_a_batch_of_none_is_refused():
    with pytest.raises(UsageError, match="batch_size is 0"):
        occlusion(BrightCorner(), one_voxel(), batch_size=0)


def test_a_margin_does_not_flatten_out_where_the_network_is_sure():
    network, volume = BrightCorner(), one_voxel()
    volume *= 20
    fall = {
        measure: occlusion(network, volume, target=1, size=1, stride=1, measure=measure).max()
        for measure in ("probability", "margin")
    }
    assert fall == {"probability": pytest.approx(0.5), "margin": pytest.approx(40.0)}


def test_covering_with_a_volume_shows_what_is_unlike_it():
    volume, usual = one_voxel(), one_voxel()
    usual[0, 0, 8, 0, 6] = 1.5
    settings = {"target": 1, "size": 1, "stride": 1, "measure": "margin"}
    drawn = occlusion(BrightCorner(), volume, baseline=usual, **settings)
    assert np.argwhere(drawn).tolist() == [[8, 0, 6]]
    assert drawn[8, 0, 6] == pytest.approx(0.5)
    assert not occlusion(BrightCorner(), volume, baseline=volume, **settings).any()


def test_boxes_that_hold_the_baseline_already_are_not_tried():
    class Counting(BrightCorner):
        passes = 0

        def forward(self, volume):
            self.passes += len(volume)
            return super().forward(volume)

    network = Counting()
    occlusion(network, one_voxel(), target=1, size=3, stride=3)
    assert network.passes == 2  # the whole, and the one box that holds the voxel


def test_a_measure_or_baseline_that_does_not_fit_is_named():
    with pytest.raises(UsageError, match="expected one of probability, margin"):
        occlusion(BrightCorner(), one_voxel(), measure="odds")
    with pytest.raises(UsageError, match=r"expected \(1, 1, 9, 8, 7\)"):
        occlusion(BrightCorner(), one_voxel(), baseline=torch.zeros(1, 1, 3, 3, 3))
