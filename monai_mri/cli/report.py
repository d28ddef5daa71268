"""`monai-mri report`: one HTML page about a run."""

from __future__ import annotations

from pathlib import Path

import click

from monai_mri.errors import UsageError


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page; RUN_DIR/report.html by default.",
)
@click.option("--title", help="Heading of the page; the study's name by default.")
@click.option(
    "notes", "--note", multiple=True, help="Sentence shown at the top; may be given more than once."
)
def report(*, run_dir: Path, out: Path | None, title: str | None, notes: tuple[str, ...]) -> None:
    """Write one self-contained HTML page about the run in RUN_DIR: figures, curves, pictures.

    The page needs no network and no other file. A page that is there already is replaced.
    """
    if out is not None and out.exists() and out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(
            f"{out}: exists and is no page, expected a name that ends with .html; choose another"
        )
    from monai_mri.report import write_report

    click.echo(write_report(run_dir, out, title=title, notes=notes))
