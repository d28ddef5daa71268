"""BatchNorm of two processes is that of one process with both halves of the batch."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from monai_mri.engines.settings import describe
from monai_mri.engines.shared_norm import share_batch_norms


def layers(*, momentum: float | None = 0.1, affine: bool = True) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv3d(2, 3, 3), nn.BatchNorm3d(3, momentum=momentum, affine=affine), nn.ReLU(), nn.Flatten(1)
    )


@pytest.mark.parametrize("settings", [{}, {"momentum": None}, {"affine": False}])
def test_one_process_computes_what_batch_norm_does(settings):
    plain, shared = layers(**settings), layers(**settings)
    share_batch_norms(shared)
    for step in range(3):
        images = torch.randn(4, 2, 5, 5, 5, generator=torch.Generator().manual_seed(step)) * 3 + 1
        outputs = [network(images) for network in (plain, shared)]
        torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-4, atol=1e-5)
        for output in outputs:
            output.square().mean().backward()
    for first, second in zip(plain.parameters(), shared.parameters(), strict=True):
        torch.testing.assert_close(second.grad, first.grad, rtol=1e-3, atol=1e-5)
    for name, buffer in plain.state_dict().items():
        torch.testing.assert_close(shared.state_dict()[name], buffer, rtol=1e-4, atol=1e-6)


def test_evaluation_takes_the_running_statistics():
    plain, shared = layers().eval(), layers().eval()
    share_batch_norms(shared)
    images = torch.randn(2, 2, 5, 5, 5)
    assert torch.equal(plain(images), shared(images))


def test_names_and_settings_of_the_network_stay():
    plain, shared = layers(), layers()
    share_batch_norms(shared)
    assert plain.state_dict().keys() == shared.state_dict().keys()
    assert describe(plain) == describe(shared)


WORKER = """
import warnings
warnings.simplefilter("ignore")
import torch
from torch import nn
from monai_mri.engines import distributed
from monai_mri.engines.shared_norm import share_batch_norms
distributed.initialize(seed=5, distributed=True)
def layers():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv3d(2, 3, 3), nn.BatchNorm3d(3), nn.ReLU(), nn.Flatten(1))
def work():
    whole, half = layers(), layers()
    share_batch_norms(half)
    half = nn.parallel.DistributedDataParallel(half)
    for step in range(3):
        images = torch.randn(4, 2, 5, 5, 5, generator=torch.Generator().manual_seed(step))
        images[2:] += 4
        rank = distributed.rank()
        own = slice(2 * rank, 2 * rank + 2)
        expected, found = whole(images), half(images[own])
        torch.testing.assert_close(found, expected[own], rtol=1e-4, atol=1e-5)
        expected.sin().mean().backward()
        found.sin().mean().backward()
    for first, second in zip(whole.parameters(), half.parameters()):
        torch.testing.assert_close(second.grad, first.grad, rtol=1e-3, atol=1e-5)
    state = half.module.state_dict()
    for name, buffer in whole.state_dict().items():
        torch.testing.assert_close(state[name], buffer, rtol=1e-4, atol=1e-6)
    both = distributed.gathered({name: value.tolist() for name, value in state.items()})
    assert both[0] == both[1]
work()  # leaves no network behind that would outlive the group of processes
rank = distributed.rank()
distributed.finalize()
open(f"done {rank}", "w").close()
"""


@pytest.mark.slow
def test_two_processes_normalise_the_batch_of_both_and_stay_equal(tmp_path):
    (tmp_path / "worker.py").write_text(WORKER)
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, *launcher, "worker.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.glob("done *")) == ["done 0", "done 1"]
