"""Options that several `manifest` commands share, and what they say of a new manifest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monai_mri.cli.outputs import printable

if TYPE_CHECKING:
    from monai_mri.manifest import Manifest, Skipped

CSV = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
SKIPPED_LISTED = 3
LABELS_LISTED = 12

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
    if "label" in made.table:
        counts = made.table["label"].value_counts().sort_index()
        if len(counts) <= LABELS_LISTED:
            listed = ", ".join(f"{label or '(none)'} {count}" for label, count in counts.items())
            click.echo(f"labels: {listed}")
    if made.skipped:
        click.echo(f"{len(made.skipped)} left out:", err=True)
        for line in by_reason(made.skipped):
            click.echo(f"  {printable(line)}", err=True)


def by_reason(skipped: Sequence[Skipped]) -> list[str]:
    """What was left out, the files of one reason together; a reason with many files names the first."""
    files: dict[str, list[str]] = {}
    for entry in skipped:
        files.setdefault(entry.why, []).append(entry.path)
    lines = []
    for why, paths in files.items():
        more = f" and {len(paths) - SKIPPED_LISTED} more" if len(paths) > SKIPPED_LISTED else ""
        lines.append(f"{', '.join(paths[:SKIPPED_LISTED])}{more}: {why}")
    return lines
