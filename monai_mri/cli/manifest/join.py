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

    manifests = [read_manifest(table) for table in tables]
    made = join_manifests(manifests, out, root_is=root_is, prefixes=prefixes or None)
    tell(made)
    before = {subject for one in manifests for subject in one.table["subject_id"]}
    if not prefixes and not before & set(made.table["subject_id"]):
        names = ", ".join(f"{one.path.stem}_" for one in manifests)
        click.echo(
            f"note: manifests share subject ids, so each got its file's name in front ({names}). If an id is "
            "one person in all of them, give that person one id first, or parts will share persons",
            err=True,
        )
