"""Make a manifest from a folder of images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from monai_mri.cli.manifest.options import FOLDER, force_option, out_option, root_option, tell
from monai_mri.cli.outputs import pairs, refuse_overwriting

if TYPE_CHECKING:
    from monai_mri.manifest import Manifest

RESERVED = {"layout", "root", "out", "source", "licence", "root_is"}


def _complete_layout(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from monai_mri.manifest import layouts

    return [name for name in layouts.available() if name.startswith(incomplete)]


@click.command()
@click.argument("layout", shell_complete=_complete_layout)
@click.argument("root", type=FOLDER)
@out_option
@click.option("options", "--option", multiple=True, metavar="KEY=VALUE", help="A setting of the layout.")
@click.option("--source", default="", help="Where the data come from.")
@click.option("--licence", default="", help="Their licence.")
@root_option
@force_option
def create(
    *,
    layout: str,
    root: Path,
    out: Path,
    options: tuple[str, ...],
    source: str,
    licence: str,
    root_is: str,
    force: bool,
) -> None:
    """Write a table of the images below ROOT, which lie as LAYOUT says.

    `monai-mri manifest layouts` lists the layouts, their settings and presets.
    """
    settings = pairs(options, option="--option")
    for name in RESERVED.intersection(settings):
        raise click.UsageError(f"--option {name}=…: not a setting of a layout, but of the command itself")
    refuse_overwriting(out, out.with_suffix(".json"), force=force)
    from monai_mri.manifest import create_manifest

    made = create_manifest(layout, root, out, root_is=root_is, source=source, licence=licence, **settings)
    tell(made)
    if not {"subject_pattern", "preset"} & settings.keys():
        _tell_subjects(made)


def _tell_subjects(made: Manifest) -> None:
    """Say it where each of several pictures counts as a subject of its own: that is how patients leak."""
    rows = made.rows()
    pictures = all(not row[made.modalities[0]].endswith((".nii", ".nii.gz")) for row in rows)
    if pictures and len(rows) > 1 and len({row["subject_id"] for row in rows}) == len(rows):
        click.echo(
            f"note: {len(rows)} pictures, {len(rows)} subjects: each a subject of its own. If a patient "
            "has several, give --option subject_pattern=REGEX, or parts will share patients",
            err=True,
        )
