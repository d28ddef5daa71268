"""`monai-mri phantom`: synthetic cohorts with known answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
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

_PACKAGE = "monai_mri.phantom"


def kinds() -> list[str]:
    """The kinds of cohorts that there are, read from the phantom package without importing it.

    >>> "plaque" in kinds()
    True
    """
    spec = find_spec(_PACKAGE)
    source = Path(str(spec.origin)).read_text(encoding="utf-8") if spec else ""
    found = set(re.findall(r'"make_(\w+)_cohort"', source))
    return sorted(name.replace("_", "-") for name in found)


@click.group()
def phantom() -> None:
    """Make synthetic cohorts with known answers."""


@phantom.command(help=f"Make a cohort of KIND ({', '.join(kinds())}) in the folder OUT, with its manifest.")
@click.argument("kind")
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--subjects",
    type=click.IntRange(min=1),
    help="People in the cohort.  [default: 20; migraine 198, lesion 40, tumour 110, nmosd 88]",
)
@click.option("--effect", default=1.0, show_default=True, help="Strength of what is to be found; 0 is none.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same files.")
@click.option(
    "--voxel-size",
    nargs=3,
    type=click.FloatRange(min=0, min_open=True),
    metavar="X Y Z",
    help="In mm; for lesion and nmosd three times the same.  "
    "[default: 1 1 4; lesion 1 1 1, nmosd 1.5 1.5 1.5]",
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
@click.option("--slices", type=click.IntRange(min=1), help="Slices of a patient of tumour.  [default: 24]")
@click.option(
    "--image-size", type=click.IntRange(min=1), help="Pixels along a slice of tumour.  [default: 256]"
)
@click.option(
    "--flair-only-share",
    type=click.FloatRange(0, 1),
    help="Share of the patients of tumour with FLAIR in all channels.  [default: 9/110]",
)
@click.option(
    "--overlap",
    type=click.FloatRange(0, 1),
    help="Share of lesions of NMOSD that lie where those of MS do.  [default: 0.5]",
)
@click.option(
    "--nmosd-share",
    type=click.FloatRange(0, 1),
    help="Share of the patients of nmosd with NMOSD.  [default: 41/88]",
)
@click.option(
    "--lesion-masks",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Of nmosd, real lesion masks in MNI space to learn from.  [default: none]",
)
@click.option("--force", is_flag=True, help="Write into a folder that holds a cohort already.")
def make(*, kind: str, out: Path, effect: float, seed: int, force: bool, **given: Any) -> None:
    """Make a cohort of a kind in a folder, with its manifest."""
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
    if kind not in kinds():
        raise UsageError(f"phantom make: kind {kind!r}, expected {', '.join(kinds())}; choose one of those")
    name = f"make_{kind.replace('-', '_')}_cohort"
    maker: Callable[..., Path] = getattr(import_module(_PACKAGE), name)
    return maker
