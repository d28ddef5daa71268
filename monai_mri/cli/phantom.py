"""`monai-mri phantom`: synthetic cohorts with known answers."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

import click

from monai_mri.cli.outputs import pairs, refuse_overwriting
from monai_mri.errors import UsageError

# What a maker may call an option that it does not call by the option's own name.
_NAMES = {
    "subjects": ("subjects", "patients"),
    "voxel_size": ("voxel_size_mm",),
    "lesions": ("lesions_per_patient",),
}


@click.group()
def phantom() -> None:
    """Make synthetic cohorts with known answers."""


@phantom.command()
@click.argument("kind")
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--subjects",
    type=click.IntRange(min=1),
    help="People in the cohort.  [default: 20; migraine 198, lesion 40]",
)
@click.option("--effect", default=1.0, show_default=True, help="Strength of what is to be found; 0 is none.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same files.")
@click.option(
    "--voxel-size",
    nargs=3,
    type=click.FloatRange(min=0, min_open=True),
    metavar="X Y Z",
    help="In mm; for lesion three times the same.  [default: 1 1 4; lesion 1 1 1]",
)
@click.option(
    "--shape",
    nargs=3,
    type=click.IntRange(min=1),
    metavar="I J K",
    help="Voxels of a migraine map.  [default: 121 145 121]",
)
@click.option(
    "--lesions", type=click.FloatRange(min=1), help="Mean number in a patient of lesion.  [default: 20]"
)
@click.option(
    "--patch-size", type=click.IntRange(min=1), help="Voxels along a lesion's patch.  [default: 35]"
)
@click.option(
    "--classes",
    metavar="2=460,5=841",
    help="Shares of the lesion classes 1 to 6.  [default: as in the paper]",
)
@click.option("--volumes", is_flag=True, default=None, help="Of lesion, write the whole scans, too.")
@click.option("--force", is_flag=True, help="Write into a folder that holds a cohort already.")
def make(*, kind: str, out: Path, effect: float, seed: int, force: bool, **given: Any) -> None:
    """Make a cohort of KIND (plaque, migraine, lesion) in the folder OUT, with its manifest."""
    refuse_overwriting(out / "manifest.csv", force=force)
    maker = _maker(kind)
    settings = _settings(kind, maker, {name: value for name, value in given.items() if value is not None})
    written = maker(out, effect=effect, seed=seed, **settings)
    people = settings.get("subjects") or settings.get("patients") or _default(maker)
    click.echo(f"{written}: {people} subjects")


def _settings(kind: str, maker: Callable[..., Path], given: dict[str, Any]) -> dict[str, Any]:
    """The options given, under the names and in the form that the maker has them.

    Raises:
        UsageError: the maker has no such setting, or its form is wrong.
    """
    known = signature(maker).parameters
    settings: dict[str, Any] = {}
    for option, value in given.items():
        name = next((name for name in _NAMES.get(option, (option,)) if name in known), None)
        if name is None:
            flag = option.replace("_", "-")
            raise UsageError(f"--{flag}: not a setting of {kind}, expected none; leave it out")
        if option == "classes":
            value = _shares(value)
        elif isinstance(known[name].default, float) and isinstance(value, tuple):
            value = _edge(value)
        settings[name] = value
    return settings


def _default(maker: Callable[..., Path]) -> int:
    """How many people a maker makes unless told."""
    known = signature(maker).parameters
    return int(next(known[name].default for name in _NAMES["subjects"] if name in known))


def _edge(voxel_size_mm: tuple[float, float, float]) -> float:
    """The edge of a cubic voxel."""
    if len(set(voxel_size_mm)) > 1:
        raise UsageError(
            f"--voxel-size: {voxel_size_mm}, expected cubic voxels; give the same edge three times"
        )
    return voxel_size_mm[0]


def _shares(text: str) -> dict[str, float]:
    """Shares of classes, as in 2=460,5=841."""
    shares = pairs([part.strip() for part in text.split(",")], option="--classes")
    try:
        return {name: float(share) for name, share in shares.items()}
    except ValueError as error:
        raise UsageError(
            f"--classes: {text!r}, expected numbers as shares; write for instance 2=460"
        ) from error


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
