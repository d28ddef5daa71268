"""Print the paper's table beside ours."""

from __future__ import annotations

from pathlib import Path

import click

from monai_mri.cli.study.options import bundle_argument, output_option


@click.command()
@bundle_argument
@output_option
@click.option(
    "form", "--format", type=click.Choice(["text", "csv", "markdown"]), default="text", show_default=True
)
def table(*, bundle: Path, output: Path, form: str) -> None:
    """Print the table of the paper that BUNDLE repeats, its figures beside those of the study's runs.

    Runs that are not finished are shown as missing. With csv the notes go to standard error.
    """
    from monai_mri.study import as_csv, as_markdown, as_text, study_tables

    tables = study_tables(bundle, output)
    click.echo({"text": as_text, "csv": as_csv, "markdown": as_markdown}[form](tables))
    if form == "csv":
        for note in dict.fromkeys(note for one in tables for note in one.notes):
            click.echo(f"note: {note}", err=True)
