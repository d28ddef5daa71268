"""Show a manifest as text."""

from __future__ import annotations

from pathlib import Path

import click

from monai_mri.cli.manifest.options import CSV
from monai_mri.cli.outputs import printable


@click.command()
@click.argument("table", metavar="MANIFEST", type=CSV)
def show(*, table: Path) -> None:
    """Summarise MANIFEST: counts, missing cells, shapes, splits."""
    from monai_mri.manifest import describe_manifest, read_manifest

    for line in describe_manifest(read_manifest(table)).split("\n"):
        click.echo(printable(line))
