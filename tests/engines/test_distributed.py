from __future__ import annotations

import os
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from monai_mri.engines import distributed
from monai_mri.engines.distributed import finalize, initialize
from monai_mri.errors import ConfigError


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)


def drawn() -> tuple[float, float, float]:
    return random.random(), float(np.random.random()), float(torch.rand(1))


def test_initializing_seeds_every_generator():
    initialize(seed=3)
    first = drawn()
    initialize(seed=3)
    assert drawn() == first
    initialize(seed=4)
    assert all(one != other for one, other in zip(drawn(), first, strict=True))


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_numpy_cannot_take_is_said_as_our_error(seed):
    with pytest.raises(ConfigError, match="seed"):
        initialize(seed=seed)


def test_one_process_is_the_first_of_one_and_owns_all():
    assert (distributed.rank(), distributed.processes()) == (0, 1)
    value = torch.tensor([1.0, 2.0])
    assert distributed.total(value) is value
    assert distributed.gathered({"a": 1}) == [{"a": 1}]
    assert distributed.anyone(True, device=torch.device("cpu")) is True
    assert distributed.anyone(False, device=torch.device("cpu")) is False


def test_being_the_only_process_of_torchrun_needs_no_joining(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "1")
    initialize(seed=0, distributed=True)
    assert not torch.distributed.is_initialized()


def test_leaving_without_having_joined_does_nothing():
    finalize()


def test_several_processes_without_the_layer_for_them_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match=r"2 processes were started.*multi_gpu_train\.yaml"):
        initialize(seed=0)


WORKER = """
import warnings
warnings.simplefilter("ignore")
import torch
from monai_mri.engines import BestF1, distributed
distributed.initialize(seed=5, distributed=True)
rank, cpu = distributed.rank(), torch.device("cpu")
value = torch.tensor([float(rank + 1)])
assert distributed.processes() == 2
assert distributed.total(value).tolist() == [3.0] and value.tolist() == [rank + 1]
assert distributed.gathered({"rank": rank}) == [{"rank": 0}, {"rank": 1}]
assert distributed.anyone(rank == 1, device=cpu) and not distributed.anyone(False, device=cpu)
weights = distributed.gathered(torch.rand(3).tolist())
assert weights[0] == weights[1]
metric = BestF1(bins=4)
if rank == 1:
    metric.update([{"pred": torch.tensor([[[1.0, 0.5]]]), "label": torch.tensor([[[1.0, 0.0]]])}])
assert metric.compute() == 1.0
distributed.finalize()
assert not torch.distributed.is_initialized()
open(f"done {rank}", "w").close()
"""


@pytest.mark.slow
def test_two_processes_sum_gather_and_agree(tmp_path):
    (tmp_path / "worker.py").write_text(WORKER)
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node=2",
        "worker.py",
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.glob("done *")) == ["done 0", "done 1"]
