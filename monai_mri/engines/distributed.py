"""Several processes that train one network: what each needs to know."""

from __future__ import annotations

import os
import random
import warnings
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed

from monai_mri.engines.entry import bundle_step
from monai_mri.engines.seeding import seed_torch
from monai_mri.errors import ConfigError

T = TypeVar("T")


@bundle_step
def initialize(*, seed: int, distributed: bool = False) -> None:
    """First step of a bundle: seed everything, and join the other processes where there are any.

    Args:
        seed: seed of the run; networks that the config builds after this start alike.
        distributed: started by torchrun, train with all its processes (NCCL on GPUs, gloo on CPUs).

    Raises:
        ConfigError: torchrun started several processes but the config is that of one.
    """
    if not 0 <= seed < 2**32:
        raise ConfigError(f"seed: {seed} found, expected 0 to 4294967295; choose another")
    random.seed(seed)
    np.random.seed(seed)
    seed_torch(seed, "weights")
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes > 1 and not distributed:
        raise ConfigError(
            f"{processes} processes were started, but train.yaml alone trains in one; add the layer: "
            "--config_file \"['train.yaml','multi_gpu_train.yaml']\""
        )
    if distributed and processes > 1 and not torch.distributed.is_initialized():
        _join()


def finalize() -> None:
    """Last step of a bundle: leave the other processes."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def _join() -> None:
    from ignite import distributed

    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    torch.distributed.init_process_group("nccl" if on_gpu else "gloo")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        distributed.sync()  # before any saver or metric: a collective on one process alone would hang


def rank() -> int:
    """This process's number, 0 where there is one process."""
    return torch.distributed.get_rank() if _together() else 0


def processes() -> int:
    """How many processes train together."""
    return torch.distributed.get_world_size() if _together() else 1


def total(value: torch.Tensor) -> torch.Tensor:
    """Sum of `value` over the processes."""
    if _together():
        value = value.clone()
        torch.distributed.all_reduce(value)
    return value


def gathered(value: T) -> list[T]:
    """`value` of each process, in their order."""
    if not _together():
        return [value]
    values: list[Any] = [None] * processes()
    torch.distributed.all_gather_object(values, value)
    return values


def wait() -> None:
    """Wait until all processes have come here."""
    if _together():
        torch.distributed.barrier()


def anyone(flag: bool, *, device: torch.device) -> bool:  # noqa: FBT001 - a predicate over the processes
    """Whether `flag` is true in any of the processes."""
    return bool(total(torch.tensor(float(flag), device=device)) > 0) if _together() else flag


def _together() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()
