"""What a network costs: its parameters, and the work, time and memory of running it once."""

from __future__ import annotations

import ctypes
import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Events
from monai.utils import CommonKeys
from torch import Tensor, nn
from torch.utils.data import Dataset
from torch.utils.flop_counter import FlopCounterMode

from monai_mri.engines import Trainer
from monai_mri.engines.device import memory_format_of

WARM_UP = 2  # runs that are not timed: the first ones find memory and choose algorithms
LEAST, MOST = 3, 15  # runs that are timed, as many as fit into
ENOUGH_S = 5.0
MB = 1e6
_RANK = {torch.channels_last: 4, torch.channels_last_3d: 5}

Optimizer = Callable[..., torch.optim.Optimizer]


@dataclass(frozen=True)
class Cost:
    """What one network costs on one device.

    `flops` is of one forward pass of one sample, see `count_flops`. `step_ms` is the median of `steps` steps
    of training with a whole batch, `forward_ms` that of forward passes of one sample. `weights_mb` is
    parameters and buffers, `step_mb` the peak of a training step, both in MB of 10^6 bytes; nan where the
    system does not tell.
    """

    parameters: int
    trainable_parameters: int
    flops: int
    step_ms: float
    steps: int
    forward_ms: float
    weights_mb: float
    step_mb: float


def measure_cost(
    make_network: Callable[[], nn.Module],
    *,
    shape: Sequence[int],
    batch_size: int,
    optimizer: Optimizer,
    device: torch.device,
    amp: Any = "auto",
) -> tuple[str, Cost]:
    """Build a network and run it on random numbers, as training and evaluation would; its class, too.

    Args:
        make_network: builds it on the CPU.
        shape: of one sample, (C, I, J) or (C, I, J, K).
        batch_size: samples of a training step.
        optimizer: called with the parameters.
        device: where it runs.
        amp: mixed precision, as `Trainer` takes it.
    """
    running = {"batch_size": batch_size, "optimizer": optimizer, "device": device, "amp": amp}
    _first_use(shape, running)
    memory = PeakMemory(device)
    network = make_network()
    sizes = [parameter.numel() for parameter in network.parameters()]
    trainable = [parameter.numel() for parameter in network.parameters() if parameter.requires_grad]
    kept = [*network.parameters(), *network.buffers()]
    flops = count_flops(network, shape)
    forward = _forward_times(
        network.to(device), shape, device=device, amp=device.type == "cuda" and bool(amp)
    )
    steps = _step_times(network, shape=shape, **running)
    cost = Cost(
        parameters=sum(sizes),
        trainable_parameters=sum(trainable),
        flops=flops,
        step_ms=statistics.median(steps),
        steps=len(steps),
        forward_ms=statistics.median(forward),
        weights_mb=sum(tensor.numel() * tensor.element_size() for tensor in kept) / MB,
        step_mb=memory.growth_mb(),
    )
    return type(network).__name__, cost


def count_flops(network: nn.Module, shape: Sequence[int]) -> int:
    """Floating-point operations of one forward pass of one sample of this shape, (C, I, J) or (C, I, J, K).

    Counted by PyTorch for convolutions and matrix products: two for each multiply-add. Biases, activations,
    normalisation, pooling and resizing are not counted. The network is left in the mode it was in.

    Example:
        >>> count_flops(nn.Conv2d(2, 4, 3, padding=1), (2, 8, 8)) == 2 * (8 * 8) * 4 * (2 * 3 * 3)
        True
    """
    with _evaluated(network), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, *shape))
    return int(counter.get_total_flops())


class PeakMemory:
    """How far memory has grown at its peak, since this was made.

    On a GPU what PyTorch's tensors take there; on a CPU the process's memory, nan where the system does not
    tell (only Linux does), as `reason` then says.
    """

    def __init__(self, device: torch.device) -> None:
        self.device, self.reason = device, ""
        gc.collect()
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            self._base = float(torch.cuda.memory_allocated(device))
            return
        _give_back()
        try:
            Path("/proc/self/clear_refs").write_text("5")  # the peak counts anew from here
            self._base = _of_process("VmRSS")
        except OSError:
            self._base, self.reason = nan, "this system does not tell the peak of a process's memory"
        if device.type != "cpu":
            self._base, self.reason = nan, f"not measured on {device.type}"

    def growth_mb(self) -> float:
        """The peak above the start, in MB of 10^6 bytes."""
        if self.device.type == "cuda":
            return (torch.cuda.max_memory_allocated(self.device) - self._base) / MB
        return nan if self.reason else (_of_process("VmHWM") - self._base) / MB


def _first_use(shape: Sequence[int], running: Mapping[str, Any]) -> None:
    """Train something tiny, so that what libraries load and keep is not taken for the network's memory."""
    convolution = nn.Conv2d if len(shape) == 3 else nn.Conv3d
    _step_times(convolution(shape[0], 8, 3), shape=[shape[0], *[8] * len(shape[1:])], **running)


def _forward_times(
    network: nn.Module, shape: Sequence[int], *, device: torch.device, amp: bool
) -> list[float]:
    """Milliseconds of forward passes of one sample, in evaluation mode."""
    layout = memory_format_of(network)
    network.to(memory_format=layout)  # type: ignore[call-overload]
    sample = torch.randn(1, *shape, device=device)
    if sample.ndim == _RANK[layout]:
        sample = sample.to(memory_format=layout)
    times: list[float] = []
    with _evaluated(network), torch.autocast(device.type, enabled=amp):
        while not _is_enough(times):
            start = _now(device)
            network(sample)
            times.append((_now(device) - start) * 1000)
    return times[WARM_UP:]


def _step_times(
    network: nn.Module,
    *,
    shape: Sequence[int],
    batch_size: int,
    optimizer: Optimizer,
    device: torch.device,
    amp: Any,
) -> list[float]:
    """Milliseconds of steps of the trainer: forward, loss, backward, and the optimiser's step."""
    trainer = Trainer(
        device=device,
        max_epochs=WARM_UP + MOST,
        network=network,
        optimizer=optimizer,
        loss_function=_mean_of_squares,
        dataset=_RandomSamples(shape, batch_size),
        batch_size=batch_size,
        amp=amp,
    )
    times: list[float] = []
    begun: list[float] = []
    trainer.add_event_handler(Events.ITERATION_STARTED, lambda: begun.append(_now(device)))

    def end() -> None:
        times.append((_now(device) - begun[-1]) * 1000)
        if _is_enough(times):
            trainer.terminate()

    trainer.add_event_handler(Events.ITERATION_COMPLETED, end)
    trainer.prepare()
    trainer.run()
    return times[WARM_UP:]


class _RandomSamples(Dataset[dict[str, Any]]):
    """One batch of samples, all the same."""

    def __init__(self, shape: Sequence[int], count: int) -> None:
        self.image, self.count = torch.randn(*shape), count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: Any) -> dict[str, Any]:
        return {CommonKeys.IMAGE: self.image, CommonKeys.LABEL: torch.zeros(()), "sample_id": "random"}


def _mean_of_squares(output: Any, _: Tensor) -> Tensor:
    """A loss that needs no labels; of several outputs it takes all."""
    if isinstance(output, Tensor):
        return 1e-3 * output.float().square().mean()  # small, so that no optimiser runs away
    parts = output.values() if isinstance(output, dict) else output
    return torch.stack([_mean_of_squares(part, _) for part in parts if part is not None]).sum()


def _is_enough(times_ms: Sequence[float]) -> bool:
    timed = times_ms[WARM_UP:]
    return len(timed) >= MOST or (len(timed) >= LEAST and sum(timed) >= ENOUGH_S * 1000)


@contextmanager
def _evaluated(network: nn.Module) -> Iterator[None]:
    """Without gradients, and in evaluation mode until the end of the block."""
    was = network.training
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        network.train(was)


def _now(device: torch.device) -> float:
    """Seconds, once the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _of_process(name: str) -> float:
    """A line of /proc/self/status, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return float(line.split()[1]) * 1024
    raise OSError(f"no {name} in /proc/self/status")


def _give_back() -> None:
    """Hand freed memory to the system, or what is allocated next would not show as growth."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):
        return
