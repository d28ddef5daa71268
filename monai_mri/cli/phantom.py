"""`monai-mri phantom`: synthetic cohorts with known answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from monai_mri.cli.outputs import refuse_overwriting
from monai_mri.errors import UsageError


@click.group()
def phantom() -> None:
    """Make synthetic cohorts with known answers."""


@phantom.command()
@click.argument("kind")
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--subjects", default=20, show_default=True, type=click.IntRange(min=1))
@click.option("--effect", default=1.0, show_default=True, help="Contrast of what is to be found; 0 is none.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same files.")
@click.option(
    "--voxel-size",
    nargs=3,
    type=click.FloatRange(min=0, min_open=True),
    default=(1.0, 1.0, 4.0),
    show_default=True,
    metavar="X Y Z",
    help="In mm.",
)
@click.option("--force", is_flag=True, help="Write into a folder that holds a cohort already.")
def make(
    *,
    kind: str,
    out: Path,
    subjects: int,
    effect: float,
    seed: int,
    voxel_size: tuple[float, float, float],
    force: bool,
) -> None:
    """Make a cohort of KIND (such as plaque) in the folder OUT, with its manifest."""
    refuse_overwriting(out / "manifest.csv", force=force)
    written = _maker(kind)(out, subjects=subjects, effect=effect, seed=seed, voxel_size_mm=voxel_size)
    click.echo(f"{written}: {subjects} subjects")


def _maker(kind: str) -> Callable[..., Path]:
    """The function `make_<kind>_cohort` of the phantom package."""
    from monai_mri import phantom as phantoms

    makers: dict[str, Callable[..., Path]] = {
        name.removeprefix("make_").removesuffix("_cohort").replace("_", "-"): getattr(phantoms, name)
        for name in dir(phantoms)
        if name.startswith("make_") and name.endswith("_cohort")
    }
    if kind not in makers:
        raise UsageError(
            f"phantom make: kind {kind!r}, expected {', '.join(sorted(makers))}; choose one of those"
        )
    return makers[kind]
