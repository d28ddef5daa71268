"""Write a manifest in another form."""

from __future__ import annotations

from pathlib import Path

import click

from monai_mri.cli.manifest.options import CSV, force_option
from monai_mri.cli.outputs import pairs


def _complete_format(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from monai_mri.manifest import convert as formats

    return [name for name in formats.available() if name.startswith(incomplete)]


def _list_formats(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's
    if not wanted or ctx.resilient_parsing:
        return
    from monai_mri.manifest import convert as formats

    for form in formats.available().values():
        click.echo(f"{form.name}: {form.summary}")
        for option, default in form.options.items():
            click.echo(f"  --option {option}={default}")
    ctx.exit()


@click.command()
@click.option(
    "--formats",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_formats,
    help="List the formats with their settings, and exit.",
)
@click.argument("table", metavar="MANIFEST", type=CSV)
@click.option(
    "form",
    "--to",
    required=True,
    metavar="FORMAT",
    shell_complete=_complete_format,
    help="decathlon, bids or parquet.",
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), required=True, help="The file or folder to write."
)
@click.option("options", "--option", multiple=True, metavar="KEY=VALUE", help="A setting of the format.")
@force_option
def convert(*, table: Path, form: str, out: Path, options: tuple[str, ...], force: bool) -> None:
    """Write MANIFEST as a Decathlon JSON, a BIDS-like tree or a parquet file.

    `--formats` lists the formats with their settings.
    """
    settings = pairs(options, option="--option")
    from monai_mri.manifest import read_manifest
    from monai_mri.manifest.convert import convert_manifest

    made = convert_manifest(read_manifest(table), form, out, force=force, **settings)
    click.echo(f"{made.path}: {made.said}")
    for note in made.notes:
        click.echo(f"note: {note}", err=True)
