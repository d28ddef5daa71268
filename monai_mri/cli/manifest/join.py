"""Join manifests."""

from __future__ import annotations

from pathlib import Path

import click

from monai_mri.cli.manifest.options import CSV, force_option, out_option, root_option, tell
from monai_mri.cli.outputs import refuse_overwriting


@click.command()
@click.argument("tables", metavar="MANIFEST...", nargs=-1, required=True, type=CSV)
@out_option
@click.option(
    "prefixes", "--prefix", multiple=True, help="Put before subject ids; once a manifest, in order."
)
@root_option
@force_option
def join(
    *, tables: tuple[Path, ...], out: Path, prefixes: tuple[str, ...], root_is: str, force: bool
) -> None:
    """Write the rows of several manifests as one."""
    refuse_overwriting(out, out.with_suffix(".json"), force=force)
    from monai_mri.manifest import join_manifests, read_manifest

    tell(
        join_manifests(
            [read_manifest(table) for table in tables], out, root_is=root_is, prefixes=prefixes or None
        )
    )
