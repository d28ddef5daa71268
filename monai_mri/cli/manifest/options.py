"""Options that several `manifest` commands share, and what they say of a new manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from monai_mri.manifest import Manifest

CSV = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
SKIPPED_LISTED = 10

force_option = click.option("--force", is_flag=True, help="Replace files that exist.")
out_option = click.option("-o", "--out", type=CSV, required=True, help="The CSV to write.")
root_option = click.option(
    "--root-is",
    default="manifest",
    show_default=True,
    metavar="manifest|env:NAME",
    help="What paths are relative to: the CSV's folder, or the folder that an environment variable names.",
)


def tell(made: Manifest) -> None:
    """Say what was made and, on standard error, what was left out."""
    subjects = made.table["subject_id"].nunique()
    click.echo(f"{made.path}: {len(made.table)} images of {subjects} subjects")
    if made.skipped:
        click.echo(f"{len(made.skipped)} left out:", err=True)
        for skipped in made.skipped[:SKIPPED_LISTED]:
            click.echo(f"  {skipped}", err=True)
        if len(made.skipped) > SKIPPED_LISTED:
            click.echo(f"  and {len(made.skipped) - SKIPPED_LISTED} more", err=True)
