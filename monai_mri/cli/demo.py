"""`monai-mri demo`: a study from nothing to a page."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import click

from monai_mri.cli.demo_plan import make_plan, read_design
from monai_mri.cli.outputs import pairs
from monai_mri.errors import TrainingError, UsageError

MARK = ".made-by-monai-mri-demo"


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

    The cohort, its parts, and what is trained on it are those under `demo` in the bundle's protocol.yaml.
    """
    design = read_design(bundle)
    changed = {"subjects": subjects} if subjects is not None else {}
    made = {**design["phantom"], **changed, **pairs(phantom, option="--phantom")}
    plan = make_plan(bundle, out, design=design, phantom=made, epochs=epochs, seed=seed)
    _fresh(out, folders=plan.folders, pages={page.name for page in plan.pages})
    seconds = {name: _run(name, command) for name, command in plan.steps.items()}
    click.echo()
    for name, duration in seconds.items():
        click.echo(f"{name:28} {duration:6.1f} s")
    click.echo(f"{'all steps':28} {sum(seconds.values()):6.1f} s\n")
    for page in plan.pages:
        click.echo(f"open {page.absolute()}")


def _fresh(out: Path, *, folders: set[str], pages: set[str]) -> None:
    """Make the folder ready: what an earlier demo wrote there goes, anything else is left alone."""
    out.mkdir(parents=True, exist_ok=True)
    names = {path.name for path in out.iterdir()}
    ours = {MARK, *folders, *pages}
    if foreign := sorted(names - ours if MARK in names else names):
        raise UsageError(
            f"{out}: holds {foreign[0]}, which is not of a demo of this bundle; name another folder"
        )
    for name in sorted(names & folders):
        shutil.rmtree(out / name)
    (out / MARK).touch()


def _run(name: str, command: list[str]) -> float:
    click.secho(f"\n{name}", bold=True)
    started = time.monotonic()
    status = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
    if status:
        raise TrainingError(f"demo: {name} ended with status {status}; its message stands above")
    return time.monotonic() - started
