"""`monai-mri demo`: a study from nothing to a page."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from monai_mri.cli.outputs import pairs
from monai_mri.errors import TrainingError, UsageError

OURS = {".made-by-monai-mri-demo", "cohort", "run", "report.html"}
MARK = ".made-by-monai-mri-demo"
NOTE = (
    "All images are synthetic: a phantom cohort on MNI anatomy with a planted effect. "
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
@click.option("--subjects", type=click.IntRange(min=6), help="Fewer or more than the bundle's protocol says.")
@click.option(
    "--phantom",
    "phantom",
    multiple=True,
    metavar="OPTION=VALUE",
    help="Another setting of `monai-mri phantom make`, as in --phantom 'voxel-size=4 4 12'.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="Fewer or more than the bundle's demo layer says.")
@click.option("--seed", default=0, show_default=True)
def demo(
    *,
    out: Path,
    bundle: Path,
    subjects: int | None,
    phantom: tuple[str, ...],
    epochs: int | None,
    seed: int,
) -> None:
    """Make a phantom cohort, train, evaluate, explain and write a page about it into OUT.

    The cohort and its parts are those under `demo` in the bundle's protocol.yaml.
    """
    design = _design(bundle)
    changed = {"subjects": subjects} if subjects is not None else {}
    made = {**design["phantom"], **changed, **pairs(phantom, option="--phantom")}
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
    kind = str(made.pop("kind"))
    steps = {
        "phantom cohort": [
            *(*COMMAND, "phantom", "make", kind, str(cohort), "--seed", str(seed)),
            *_options(made),
        ],
        "split by subject": [
            *(*COMMAND, "manifest", "split", str(cohort / "manifest.csv"), "--seed", str(seed)),
            *_options(design["split"]),
        ],
        "training": [*BUNDLE_RUN, *_layers(bundle, "train", "demo"), *shared, *_epochs(epochs)],
        "evaluation": [*BUNDLE_RUN, *_layers(bundle, "train", "demo", "evaluate"), *shared],
    }
    if (bundle / "configs" / "explain.yaml").is_file():
        truth = ["--truth", str(cohort / "truth.nii.gz")]
        steps["explanation"] = [*BUNDLE_RUN, *_layers(bundle, "train", "demo", "explain"), *shared, *truth]
    steps["page"] = [*COMMAND, "report", str(run), "-o", str(out / "report.html"), "--note", NOTE]
    seconds = {name: _run(name, command) for name, command in steps.items()}
    click.echo()
    for name, duration in seconds.items():
        click.echo(f"{name:24} {duration:6.1f} s")
    click.echo(f"{'all steps':24} {sum(seconds.values()):6.1f} s")
    click.echo(f"\nopen {(out / 'report.html').absolute()}")


def _design(bundle: Path) -> dict[str, Any]:
    """What the bundle's protocol says of its demo."""
    import yaml

    path = bundle / "configs" / "protocol.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    design = content.get("demo") if isinstance(content, dict) else None
    if not isinstance(design, dict) or not {"phantom", "split"} <= design.keys():
        raise UsageError(
            f"{path}: no demo with phantom and split, expected them as in bundles/ms_plaque; "
            "name the bundle of a study"
        )
    return design


def _options(settings: Mapping[str, Any]) -> list[str]:
    """Settings as options of a command.

    >>> _options({"voxel_size": [1, 1, 5], "test": 0.25})
    ['--voxel-size', '1', '1', '5', '--test', '0.25']
    """
    words = []
    for name, value in settings.items():
        values = value if isinstance(value, list) else str(value).split()
        words += [f"--{name.replace('_', '-')}", *map(str, values)]
    return words


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
