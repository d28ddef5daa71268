"""What the networks of a study's variants cost, measured here: no data are needed."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from monai_mri.engines.bundle import checked_config, parse_settings
from monai_mri.engines.config_check import value_at
from monai_mri.engines.device import resolve_device
from monai_mri.engines.settings import describe
from monai_mri.errors import ConfigError, UsageError
from monai_mri.study.cost import WARM_UP, Cost, PeakMemory, measure_cost
from monai_mri.study.plan import refuse_own, settings_for
from monai_mri.study.protocol import Protocol, Variant, chosen_variants, read_protocol, stack
from monai_mri.study.sample_shape import parsed, root_of, sample_shape

TRAINER = "train::trainer"
WEIGHTS = ("weights", "pretrained")  # settings of a network that change nothing of what it costs


@dataclass(frozen=True)
class Candidate:
    """One network to measure: the variants that train it, its class, and the shape of a sample (C, I, J, …).

    `precision` is what training computes with: float32, or where precision is mixed float16 or bfloat16.
    """

    variants: tuple[str, ...]
    network: str
    shape: tuple[int, ...]
    batch_size: int
    precision: str


@dataclass(frozen=True)
class NetworkCost(Candidate):
    """One network, and what it costs."""

    cost: Cost


@dataclass(frozen=True)
class Complexity:
    """The table: a row a network, what they were measured with, and notes for who reads it.

    `waiting` is what has not been measured yet, in the order in which it will be.
    """

    study: str
    device: str
    threads: int
    torch: str
    rows: tuple[NetworkCost, ...]
    notes: tuple[str, ...]
    waiting: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class _Job:
    """What some variants train; `config` is that of the first."""

    candidate: Candidate
    config: Mapping[str, Any]
    amp: Any


def study_complexity(  # noqa: PLR0913 - one for each option of the command
    bundle: Path,
    *,
    variants: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
    layers: Sequence[str] = (),
    protocol: str = "honest",
    device: str = "auto",
    batch_size: int | None = None,
    watch: Callable[[Complexity], object] = lambda found: None,
) -> Complexity:
    """Parameters, FLOPs, milliseconds and memory of the network of each variant in protocol.yaml.

    Variants that train the same network with the same optimiser on batches of one shape are one row. The
    shape of a sample is what `complexity: {input: …}` of protocol.yaml says, else that of metadata.json.
    Networks are built with random weights; nothing is read or downloaded.

    Args:
        bundle: folder of the study.
        variants: some of the protocol's; all by default.
        settings: values for keys of the config; nested keys as `a::b`.
        texts: more of them, as text from a command line.
        layers: files of `configs/` to lay over train.yaml, below those of a variant.
        protocol: "honest", or "paper" for all variants as published.
        device: "auto", "cpu", "cuda", "cuda:1".
        batch_size: samples of a training step; the variant's own by default.
        watch: called with what is known before the first measurement and after each.

    Raises:
        UsageError: a variant, layer or key is unknown, or the batch size is below 1.
        ConfigError: a network cannot be built or does not take the input, or the input is not known.
    """
    bundle, design = Path(bundle), read_protocol(bundle)
    chosen = chosen_variants(design, variants, mode=protocol)
    if batch_size is not None and batch_size < 1:
        raise UsageError(f"batch size {batch_size} asked for, expected at least 1; choose a larger one")
    values = {**(settings or {}), **parse_settings(bundle, "evaluate", texts or {}, layers=layers)}
    refuse_own(values, chosen)
    configs = {
        name: _config_of(bundle, variant, values, layers=layers, mode=protocol)
        for name, variant in chosen.items()
    }
    where = resolve_device(device)
    jobs = _jobs(bundle, design, configs, batch_size, where)
    found = Complexity(
        study=design.study,
        device=_name_of(where),
        threads=torch.get_num_threads(),
        torch=str(torch.__version__),
        rows=(),
        notes=(),
        waiting=tuple(job.candidate for job in jobs),
    )
    watch(found)
    for job in jobs:
        rows = (*found.rows, _measured(bundle, job, where))
        waiting = found.waiting[1:]
        found = replace(found, rows=rows, waiting=waiting, notes=tuple(_notes(where, rows, waiting)))
        watch(found)
    return found


def _config_of(
    bundle: Path, variant: Variant, values: Mapping[str, Any], *, layers: Sequence[str], mode: str
) -> dict[str, Any]:
    """The config that a variant trains with."""
    names, protocol = stack(variant.layers, layers=layers, protocol=mode)
    both = {**variant.settings, **values}
    known = settings_for(bundle, "train", both, layers=names, protocol=protocol)
    return checked_config(bundle, "train", settings=known, protocol=protocol, layers=names)


def _jobs(
    bundle: Path,
    design: Protocol,
    configs: Mapping[str, dict[str, Any]],
    batch_size: int | None,
    device: torch.device,
) -> list[_Job]:
    """What to measure: variants that come to the same together, in the order of the first."""
    jobs: dict[str, _Job] = {}
    for name, config in configs.items():
        network = _network(bundle, config)
        amp = parsed(bundle, config, f"{TRAINER}::amp") if value_at(config, f"{TRAINER}::amp") else False
        candidate = Candidate(
            variants=(name,),
            network=type(network).__name__,
            shape=sample_shape(bundle, design, config),
            batch_size=batch_size or parsed(bundle, config, f"{TRAINER}::batch_size"),
            precision=_precision(device, amp),
        )
        key = _identity(bundle, _Job(candidate, config, amp), network)
        known = jobs[key].candidate.variants if key in jobs else ()
        first = jobs.get(key, _Job(candidate, config, amp))
        jobs[key] = replace(first, candidate=replace(first.candidate, variants=(*known, name)))
    return list(jobs.values())


def _precision(device: torch.device, amp: Any) -> str:
    if device.type == "cuda":
        return "float16" if amp else "float32"
    return "bfloat16" if device.type == "cpu" and amp is True else "float32"


def _identity(bundle: Path, job: _Job, network: nn.Module) -> str:
    """What two variants must have in common to be one row; names of channels and weights may differ."""
    settings = {key: value for key, value in describe(network).items() if key not in WEIGHTS}
    about = [settings, repr(network), describe(_optimizer(bundle, job.config))]
    sample = [job.candidate.shape, job.candidate.batch_size, job.amp]
    return json.dumps([*about, *sample], sort_keys=True, default=str)


def _measured(bundle: Path, job: _Job, device: torch.device) -> NetworkCost:
    one = job.candidate
    try:
        _, cost = measure_cost(
            lambda: _network(bundle, job.config),
            shape=one.shape,
            batch_size=one.batch_size,
            optimizer=_optimizer(bundle, job.config),
            device=device,
            amp=job.amp,
        )
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise ConfigError(
            f"{bundle}: the network of variant {one.variants[0]} fails on {one.batch_size} samples of shape "
            f"{one.shape} ({root_of(error)}), expected it to be trained on them; correct complexity: input "
            "in protocol.yaml, or try another --batch-size"
        ) from error
    return NetworkCost(**vars(one), cost=cost)


def _network(bundle: Path, config: Mapping[str, Any]) -> nn.Module:
    network: nn.Module = parsed(bundle, config, "network_def")
    return network


def _optimizer(bundle: Path, config: Mapping[str, Any]) -> Any:
    return parsed(bundle, config, f"{TRAINER}::optimizer")


def _name_of(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{device}: {torch.cuda.get_device_name(device)}"
    cpus = Path("/proc/cpuinfo")
    lines = cpus.read_text().splitlines() if cpus.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{device}: {models[0] if models else platform.processor() or platform.machine()}"


def _notes(device: torch.device, rows: Sequence[NetworkCost], waiting: Sequence[Candidate]) -> list[str]:
    counts = sorted({row.cost.steps for row in rows})
    several = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    peak = "of PyTorch's tensors on the GPU" if device.type == "cuda" else "by which the process grew"
    notes = [
        "FLOPs: of one forward pass of one sample, two for each multiply-add of convolutions and matrix "
        "products; nothing else is counted",
        f"ms/step: forward, backward and optimiser step on one batch in memory, median of {several} after "
        f"{WARM_UP}; the loss is a stand-in, the mean of the output's squares",
        "ms/forward: one sample in evaluation mode, median",
        "MB: 10^6 bytes; weights: parameters and buffers; peak: of a training step with weights, gradients, "
        f"optimiser and one batch, {peak}",
    ]
    reason = PeakMemory(device).reason
    left = ", ".join(name for one in waiting for name in one.variants)
    said = [f"peak is undefined: {reason}"] if reason else []
    return [*([f"stopped early, not measured: {left}"] if left else []), *notes, *said]
