"""A training step of the plaque network as shipped, beside a plain PyTorch loop with default settings.

    python benchmarks/training_step.py

Both take the same tiles, loss and optimiser, run alternately in one process; the table shows medians.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import click
import torch
from monai.losses import DiceCELoss

from monai_mri.networks import PlaqueFCN

NETWORKS = {"published": (20, 20, 40, 60, 20), "demo": (8, 8, 16, 16, 8)}
VARIANTS = {"plain": (False, False), "channels-last": (True, False), "channels-last, bf16": (True, True)}


def step(
    filters: tuple[int, ...], *, channels_last: bool, bfloat16: bool, tiles: int, device: str
) -> Callable[[], None]:
    """One step of forward, backward and Adam on random tiles of 50 x 50."""
    torch.manual_seed(0)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = PlaqueFCN(filters=filters, output="logit").to(device=device, memory_format=layout)
    image = torch.randn(tiles, 1, 50, 50, device=device).to(memory_format=layout)
    mask = (torch.rand(tiles, 1, 50, 50, device=device) > 0.95).float()
    loss = DiceCELoss(sigmoid=True, batch=True)
    optimizer = torch.optim.Adam(network.parameters())

    def run() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, dtype=torch.bfloat16, enabled=bfloat16):
            output = network(image)
        loss(output.float(), mask).backward()
        optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()

    return run


@click.command()
@click.option("--tiles", default=32, show_default=True)
@click.option("--repeats", default=7, show_default=True)
@click.option("--device", default="cuda" if torch.cuda.is_available() else "cpu", show_default=True)
def main(tiles: int, repeats: int, device: str) -> None:
    """Print seconds a step, and how many times faster than plain PyTorch."""
    click.echo(
        f"{tiles} tiles of 50 x 50, {device}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}"
    )
    for name, filters in NETWORKS.items():
        steps = {
            variant: step(filters, channels_last=layout, bfloat16=half, tiles=tiles, device=device)
            for variant, (layout, half) in VARIANTS.items()
        }
        seconds: dict[str, list[float]] = {variant: [] for variant in steps}
        for repeat in range(repeats + 1):
            for variant, run in steps.items():
                started = time.perf_counter()
                run()
                if repeat:
                    seconds[variant].append(time.perf_counter() - started)
        plain = statistics.median(seconds["plain"])
        for variant, values in seconds.items():
            median = statistics.median(values)
            spread = f"{min(values):.3f} to {max(values):.3f}"
            click.echo(f"{name:10} {variant:20} {median:7.3f} s  ({spread})  {plain / median:5.2f} x")


if __name__ == "__main__":
    main()
