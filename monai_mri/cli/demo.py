"""`monai-mri demo`: a study from nothing to a page."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import click

from monai_mri.errors import TrainingError, UsageError

OURS = {".made-by-monai-mri-demo", "cohort", "run", "report.html"}
MARK = ".made-by-monai-mri-demo"
NOTE = (
    "All images are synthetic: a phantom cohort on MNI anatomy with planted plaques. "
    "The figures say that the pipeline works, not how well it does on patients."
)
COMMAND = [sys.executable, "-m", "monai_mri.cli"]
BUNDLE_RUN = [sys.executable, "-W", "ignore", "-m", "monai.bundle", "run", "--logging_file", "False"]


@click.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"))
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path("bundles/ms_plaque"),
    show_default=True,
    help="Bundle with a demo layer, seen from the folder that the command is run in.",
)
@click.option("--subjects", default=16, show_default=True, type=click.IntRange(min=6))
@click.option(
    "--voxel-size",
    nargs=3,
    type=click.FloatRange(min=0, min_open=True),
    default=(1.25, 1.25, 5.0),
    show_default=True,
    metavar="X Y Z",
    help="In mm.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="Fewer or more than the bundle's demo layer says.")
@click.option("--seed", default=0, show_default=True)
def demo(
    *,
    out: Path,
    bundle: Path,
    subjects: int,
    voxel_size: tuple[float, float, float],
    epochs: int | None,
    seed: int,
) -> None:
    """Make a phantom cohort, train, evaluate and write a page about it into OUT."""
    _fresh(out)
    cohort, run = out / "cohort", out / "run"
    shared = [
        "--dataset_dir",
        str(cohort),
        "--output_dir",
        str(run),
        "--bundle_root",
        str(bundle),
        "--seed",
        str(seed),
    ]
    steps = {
        "phantom cohort": [
            *(*COMMAND, "phantom", "make", "plaque", str(cohort), "--subjects", str(subjects)),
            *("--seed", str(seed), "--voxel-size", *map(str, voxel_size)),
        ],
        "split by subject": [
            *(*COMMAND, "manifest", "split", str(cohort / "manifest.csv"), "--seed", str(seed)),
            *("--test", "0.25", "--validation", "0.125"),
        ],
        "training and threshold": [*BUNDLE_RUN, *_layers(bundle, "train", "demo"), *shared, *_epochs(epochs)],
        "evaluation": [*BUNDLE_RUN, *_layers(bundle, "train", "demo", "evaluate"), *shared],
        "page": [*COMMAND, "report", str(run), "-o", str(out / "report.html"), "--note", NOTE],
    }
    seconds = {name: _run(name, command) for name, command in steps.items()}
    click.echo()
    for name, duration in seconds.items():
        click.echo(f"{name:24} {duration:6.1f} s")
    click.echo(f"{'all steps':24} {sum(seconds.values()):6.1f} s")
    click.echo(f"\nopen {(out / 'report.html').absolute()}")


def _fresh(out: Path) -> None:
    """Make the folder ready: what an earlier demo wrote there goes, anything else is left alone."""
    out.mkdir(parents=True, exist_ok=True)
    names = {path.name for path in out.iterdir()}
    if foreign := sorted(names - OURS if MARK in names else names):
        raise UsageError(f"{out}: holds {foreign[0]}, which is not of a demo; name another folder")
    for name in sorted(names & {"cohort", "run"}):
        shutil.rmtree(out / name)
    (out / MARK).touch()


def _epochs(epochs: int | None) -> list[str]:
    return [] if epochs is None else ["--max_epochs", str(epochs)]


def _layers(bundle: Path, *names: str) -> list[str]:
    files = ",".join(f"'{bundle / 'configs' / name}.yaml'" for name in names)
    return ["--config_file", f"[{files}]"]


def _run(name: str, command: list[str]) -> float:
    click.secho(f"\n{name}", bold=True)
    started = time.monotonic()
    status = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
    if status:
        raise TrainingError(f"demo: {name} ended with status {status}; its message stands above")
    return time.monotonic() - started
