"""Show a manifest as text."""

from __future__ import annotations

from pathlib import Path

import click

from monai_mri.cli.manifest.options import CSV


@click.command()
@click.argument("table", metavar="MANIFEST", type=CSV)
def show(*, table: Path) -> None:
    """Summarise MANIFEST: counts, missing cells, shapes, splits."""
    from monai_mri.manifest import describe_manifest, read_manifest

    click.echo(describe_manifest(read_manifest(table)))
