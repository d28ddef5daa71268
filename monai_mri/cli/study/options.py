"""Arguments that the `study` commands share."""

from __future__ import annotations

from pathlib import Path

import click

bundle_argument = click.argument("bundle", type=click.Path(path_type=Path, exists=True, file_okay=False))
output_option = click.option(
    "--output", type=click.Path(path_type=Path), required=True, metavar="DIR", help="The study's folder."
)
