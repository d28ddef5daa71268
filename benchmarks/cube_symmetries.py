"""The 48 copies of patches by permuting and flipping, beside MONAI's Rotate90 and Flip.

    python benchmarks/cube_symmetries.py

Both make the same copies, which is checked first, and run alternately in one process; the table shows
medians. MONAI's way is given few calls: at most two turns and one flip a copy, its transforms made before.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from itertools import product

import click
import torch
from monai.transforms import Flip, Rotate90
from torch import Tensor

from monai_mri.transforms import cube_symmetries

Chain = list[Callable[[Tensor], Tensor]]
PLANES = ((0, 1), (0, 2), (1, 2))


def rotations() -> list[Chain]:
    """The 24 rotations of MONAI, each in as few quarter-turn steps as possible, the identity first."""
    marker = torch.arange(27).reshape(1, 3, 3, 3)
    turns = [Rotate90(k=k, spatial_axes=plane) for plane in PLANES for k in (1, 2, 3)]
    found: dict[bytes, Chain] = {}
    for chain in ([], *([one] for one in turns), *([one, two] for one, two in product(turns, turns))):
        found.setdefault(follow(marker, chain).numpy().tobytes(), list(chain))
    return list(found.values())


def follow(volume: Tensor, chain: Chain) -> Tensor:
    for step in chain:
        volume = step(volume)
    return torch.as_tensor(volume).contiguous()


def with_monai(volume: Tensor, chains: list[Chain]) -> Tensor:
    return torch.stack([follow(volume, chain) for chain in chains])


def same_copies(one: Tensor, other: Tensor) -> bool:
    def contents(copies: Tensor) -> list[bytes]:
        return sorted(copy.numpy().tobytes() for copy in copies)

    return torch.equal(one[0], other[0]) and contents(one) == contents(other)


@click.command()
@click.option("--size", default=35, show_default=True, help="Side of the patch in voxels.")
@click.option("--channels", default=3, show_default=True)
@click.option("--repeats", default=15, show_default=True)
def main(size: int, channels: int, repeats: int) -> None:
    """Print milliseconds for all 48 copies of a patch, and how many times faster than MONAI."""
    flip = Flip(spatial_axis=0)
    chains = [*rotations(), *([*chain, flip] for chain in rotations())]
    volume = torch.rand(channels, size, size, size)
    ways = {
        "MONAI Rotate90, Flip": lambda: with_monai(volume, chains),
        "cube_symmetries": lambda: cube_symmetries(volume),
    }
    first, second = (way().as_subclass(Tensor) for way in ways.values())
    if len(chains) != 48 or not same_copies(first, second):
        raise SystemExit("the two ways made different copies")
    click.echo(
        f"48 copies of {channels} x {size}^3, {torch.get_num_threads()} threads, PyTorch {torch.__version__}"
        "; copies are the same"
    )
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - started)
    slow = statistics.median(seconds["MONAI Rotate90, Flip"])
    for name, values in seconds.items():
        median = statistics.median(values)
        spread = f"{1e3 * min(values):.2f} to {1e3 * max(values):.2f}"
        click.echo(f"{name:22} {1e3 * median:8.2f} ms  ({spread})  {slow / median:6.1f} x")


if __name__ == "__main__":
    main()
