"""An epoch of the studies on 2D backbones as the bundles train, beside the plain PyTorch loop of a tutorial.

    python benchmarks/epoch.py brain_tumor
    python benchmarks/epoch.py nmosd

Both train the same network with the same optimiser and batch size on one phantom cohort. The plain loop reads
its files anew in each epoch, as a Dataset of a tutorial does, in PyTorch's default memory order, and takes no
checkpoints; ours reads once, keeps weights and images in channels-last order, validates nothing here, and
writes checkpoint, history and weights after each epoch. One after the other in one process; seconds are of
the whole epoch.
"""

from __future__ import annotations

import csv
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import nibabel
import numpy as np
import torch
from monai.bundle import ConfigParser
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from monai_mri.engines import RunFolder, fit
from monai_mri.engines.config_check import read_layers
from monai_mri.manifest import make_splits, read_manifest, splits_path, write_splits
from monai_mri.phantom import make_nmosd_cohort, make_tumour_cohort

BUNDLES = Path(__file__).resolve().parents[1] / "bundles"
SETTINGS = {
    "brain_tumor": {"backbone": "resnet18", "image_size": [128, 128], "batch_size": 16},
    "nmosd": {"image_size": 49, "batch_size": 8, "shift": 2},
}


class Slices(Dataset):
    """Pictures with their class, read anew each time."""

    def __init__(self, rows: list[dict[str, str]], folder: Path) -> None:
        self.rows, self.folder = rows, folder

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        row = self.rows[index]
        picture = Image.open(self.folder / row["image"]).convert("RGB").resize((128, 128), Image.BILINEAR)
        image = torch.from_numpy(np.array(picture, dtype=np.float32) / 255).permute(2, 0, 1)
        if torch.rand(()) < 0.5:
            image = image.flip(-1)
        return image.contiguous(), int(row["label"] == "tumor")


class Heads(Slices):
    """Lesion maps with their class, read and resized anew each time."""

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        row = self.rows[index]
        lesions = torch.from_numpy(nibabel.load(self.folder / row["mask"]).get_fdata(dtype=np.float32))
        image = functional.interpolate(lesions[None, None], size=(49, 49, 49), mode="trilinear")[0]
        if torch.rand(()) < 0.5:
            image = image.flip(1)
        return image.contiguous(), int(row["label"] == "NMOSD")


def cohort(study: str, folder: Path) -> Path:
    """A phantom cohort of the study, all of it to train on."""
    if study == "nmosd":
        path = make_nmosd_cohort(folder, subjects=32, voxel_size_mm=2.5, progress=False)
    else:
        path = make_tumour_cohort(folder, subjects=24, slices=12, image_size=128, progress=False)
    write_splits(splits_path(path), make_splits(read_manifest(path), test=0, validation=0))
    return path


def plain_epochs(
    network: nn.Module, manifest: Path, kind: type[Slices], batch: int, make: Callable
) -> Iterator[None]:
    """The loop of a tutorial, an epoch at a time."""
    with manifest.open() as stream:
        rows = list(csv.DictReader(stream))
    loader = DataLoader(kind(rows, manifest.parent), batch_size=batch, shuffle=True, drop_last=True)
    optimizer = make(network.parameters())
    network.train()
    while True:
        for images, labels in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images), labels).backward()
            optimizer.step()
        yield


@click.command()
@click.argument("study", type=click.Choice(list(SETTINGS)))
@click.option("--epochs", default=4, show_default=True)
def main(*, study: str, epochs: int) -> None:
    """Print seconds of the first and of a later epoch, ours and the plain loop's."""
    click.echo(f"CPU, {torch.get_num_threads()} threads, PyTorch {torch.__version__}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        manifest = cohort(study, folder / "cohort")
        settings = {
            **SETTINGS[study],
            "pretrained": "none",
            "manifest": str(manifest),
            "output_dir": str(folder / "run"),
            "max_epochs": epochs,
        }
        parser = ConfigParser(read_layers([BUNDLES / study / "configs" / "train.yaml"]) | settings)
        trainer = parser.get_parsed_content("train::trainer")
        fit(trainer, run_folder=RunFolder(folder / "run", study=study))
        with (folder / "run" / "history.csv").open() as stream:
            ours = [float(row["seconds"]) for row in csv.DictReader(stream)]
        network = ConfigParser(parser.get()).get_parsed_content("network_def")
        kind = Heads if study == "nmosd" else Slices
        make = parser.get_parsed_content("optimizer")
        loop = plain_epochs(network, manifest, kind, SETTINGS[study]["batch_size"], make)
        plain = []
        for _ in range(epochs):
            started = time.perf_counter()
            next(loop)
            plain.append(time.perf_counter() - started)
    for name, seconds in (("plain PyTorch", plain), ("as the bundle trains", ours)):
        later = statistics.median(seconds[1:])
        click.echo(f"{name:22} first epoch {seconds[0]:7.2f} s, later {later:7.2f} s")
    click.echo(f"later epochs: {statistics.median(plain[1:]) / statistics.median(ours[1:]):.2f} x as fast")


if __name__ == "__main__":
    main()
