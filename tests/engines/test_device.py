from __future__ import annotations

import pytest
import torch

from monai_mri.engines.device import resolve_device
from monai_mri.errors import ConfigError

ON_GPU = torch.cuda.is_available()


def test_auto_is_the_gpu_of_this_process_where_there_is_one_else_the_cpu(monkeypatch):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert resolve_device("auto") == (torch.device("cuda", 0) if ON_GPU else torch.device("cpu"))


def test_a_named_device_or_a_device_is_taken_as_it_is():
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device(torch.device("cpu")) == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "cpu:one", "cuda0"])
def test_what_is_no_device_is_refused_with_those_there_are(name):
    with pytest.raises(ConfigError, match="use auto, cpu, cuda"):
        resolve_device(name)


def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="PyTorch sees"):
        resolve_device("cuda:99")


@pytest.mark.skipif(ON_GPU, reason="this machine has a GPU")
def test_cuda_without_a_gpu_is_refused():
    with pytest.raises(ConfigError, match="PyTorch sees 0 GPUs"):
        resolve_device("cuda")


@pytest.mark.parametrize("name", ["mps", "xpu"])
def test_an_accelerator_of_another_kind_that_is_not_there_is_refused(name):
    if getattr(torch, name).is_available():
        pytest.skip(f"this machine has {name}")
    with pytest.raises(ConfigError, match=name):
        resolve_device(name)
