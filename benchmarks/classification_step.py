"""A step and a prediction of the 3D classifiers as shipped, beside plain PyTorch with default settings.

    python benchmarks/classification_step.py            # coarse migraine volumes, lesion patches
    python benchmarks/classification_step.py --full     # migraine at 121 x 145 x 121, batch 2
    python benchmarks/classification_step.py --memory "+ fused Adam"

The plain network has the published order of layers, PyTorch's default memory order and a default Adam; ours
is given the same weights and its answers are checked against the plain one. What helps is added one by one:
our layers (pooling before the ReLU, in place), channels-last, the fused Adam, and bfloat16, which bundles use
only where `amp: true` asks for it. All run alternately in one process; the table shows medians.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable

import click
import torch
from torch import Tensor, nn

from monai_mri.networks import LesionCNN, MigraineCNN

#           variant                   layers, channels-last, fused, bfloat16
VARIANTS = {
    "plain": (False, False, False, False),
    "our layers": (True, False, False, False),
    "+ channels-last": (True, True, False, False),
    "+ fused Adam": (True, True, True, False),
    "+ bfloat16": (True, True, True, True),
}
Way = tuple[Callable[[], None], Callable[[], None]]


def plain(network: nn.Module) -> nn.Sequential:
    """The published layers in the published order, with the network's weights and its own modules."""
    last, layers = list(network.features)[-1], []
    pools = iter(getattr(network, "pooled", (True,) * len(network.filters)))
    for layer in network.features:
        if isinstance(layer, (nn.Conv3d, nn.BatchNorm3d)):
            layers.append(layer)
        elif isinstance(layer, nn.ReLU):
            layers += [nn.ReLU(), *([nn.MaxPool3d(2)] if next(pools) else [])]
    if not isinstance(last, nn.ReLU):
        raise SystemExit("features no longer ends with a ReLU; bring this benchmark up to date")
    dense = [nn.ReLU() if isinstance(layer, nn.ReLU) else layer for layer in network.classifier]
    return nn.Sequential(*layers, *dense)


def ways(make: Callable[[], nn.Module], volume: Tensor, variant: str) -> Way:
    """A training step and a prediction of one variant."""
    ours, channels_last, fused, bfloat16 = VARIANTS[variant]
    torch.manual_seed(0)
    network = make() if ours else plain(make())
    layout = torch.channels_last_3d if channels_last else torch.contiguous_format
    network = network.to(memory_format=layout)
    image, label = volume.to(memory_format=layout), torch.arange(len(volume)) % 2
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4, **({"fused": True} if fused else {}))

    def predict() -> Tensor:
        network.eval()
        grad = torch.inference_mode() if ours else torch.no_grad()
        with grad, torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            return network(image).float()

    def step() -> None:
        network.train()
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16):
            logits = network(image)
        nn.functional.cross_entropy(logits.float(), label).backward()
        optimizer.step()

    with torch.no_grad():
        torch.manual_seed(0)
        wanted = make().eval()(volume)
    tolerance = 0.1 if bfloat16 else 1e-3
    torch.testing.assert_close(predict(), wanted, rtol=tolerance, atol=tolerance)
    return step, predict


def compare(name: str, make: Callable[[], nn.Module], volume: Tensor, *, repeats: int) -> None:
    click.echo(f"\n{name}, batch {tuple(volume.shape)}")
    made = {variant: ways(make, volume, variant) for variant in VARIANTS}
    for place, what in enumerate(("step", "prediction")):
        seconds: dict[str, list[float]] = {variant: [] for variant in made}
        for repeat in range(repeats + 1):
            for variant, both in made.items():
                started = time.perf_counter()
                both[place]()
                if repeat:
                    seconds[variant].append(time.perf_counter() - started)
        slow = statistics.median(seconds["plain"])
        for variant, values in seconds.items():
            median = statistics.median(values)
            spread = f"{min(values):.3f} to {max(values):.3f}"
            click.echo(f"{what:11} {variant:17} {median:8.3f} s  ({spread})  {slow / median:5.2f} x")


def peak_memory(variant: str) -> None:
    """Two full-shape steps of one variant alone, and the most memory that the process ever held."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step, _ = ways(MigraineCNN, torch.rand(2, 1, 121, 145, 121), variant)
    started = time.perf_counter()
    for _ in range(2):
        step()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = (time.perf_counter() - started) / 2
    click.echo(
        f"full-shape step, batch 2, {variant}: {seconds:.2f} s, peak {peak / 2**20:.2f} GiB, "
        f"of which {before / 2**20:.2f} GiB before"
    )


@click.command()
@click.option("--full", is_flag=True, help="MigraineCNN at 121 x 145 x 121: speed, then see --memory.")
@click.option("--memory", type=click.Choice(list(VARIANTS)), help="Only the peak memory of this variant.")
@click.option("--patches", default=16, show_default=True, help="Lesion patches in a batch; published: 128.")
@click.option("--repeats", default=5, show_default=True)
def main(*, full: bool, memory: str | None, patches: int, repeats: int) -> None:
    """Print seconds for a training step and a prediction, and how many times faster than plain PyTorch."""
    click.echo(f"CPU, {torch.get_num_threads()} threads, PyTorch {torch.__version__}")
    if memory:
        peak_memory(memory)
    elif full:
        compare("MigraineCNN", MigraineCNN, torch.rand(2, 1, 121, 145, 121), repeats=repeats)
    else:
        shape = (41, 49, 41)
        compare("MigraineCNN", lambda: MigraineCNN(shape), torch.rand(2, 1, *shape), repeats=repeats)
        compare("LesionCNN", LesionCNN, torch.rand(patches, 3, 35, 35, 35), repeats=repeats)


if __name__ == "__main__":
    main()
