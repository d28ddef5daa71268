"""Tell who is in a manifest."""

from __future__ import annotations

from pathlib import Path

import click

from monai_mri.cli.manifest.options import CSV, force_option
from monai_mri.cli.outputs import refuse_overwriting


@click.command()
@click.argument("table", metavar="MANIFEST", type=CSV)
@click.option(
    "--by",
    default="part",
    show_default=True,
    metavar="part|COLUMN",
    help="What the columns of the table are.",
)
@click.option("--columns", multiple=True, metavar="COLUMN", help="Summarise this one, too; repeatable.")
@click.option("--repeat", type=int, help="Which repeat of the splits.  [default: 0]")
@click.option("--fold", type=int, help="Which fold of it.  [default: 0]")
@click.option(
    "form", "--format", type=click.Choice(["text", "csv", "json"]), default="text", show_default=True
)
@click.option("--page", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with plots.")
@click.option("--min-count", type=int, default=0, metavar="N", help="Mask counts below N, such as 5.")
@force_option
def summary(  # noqa: PLR0913 - one for each option
    *,
    table: Path,
    by: str,
    columns: tuple[str, ...],
    repeat: int | None,
    fold: int | None,
    form: str,
    page: Path | None,
    min_count: int,
    force: bool,
) -> None:
    """Count subjects, age, sex, site, label and images of MANIFEST, per part and overall.

    Parts are those of the splits file beside it. Differences between parts are standardised mean differences.
    """
    from monai_mri.manifest import read_manifest
    from monai_mri.manifest.convert import refuse_manifest_files
    from monai_mri.manifest.summary import as_csv, as_json, as_text, summarise_manifest

    if page:
        refuse_manifest_files(table, page)
        refuse_overwriting(page, force=force)
    cohort = summarise_manifest(
        read_manifest(table), by=by, columns=columns, repeat=repeat, fold=fold, min_count=min_count
    )
    render = {"text": as_text, "csv": as_csv, "json": as_json}[form]
    click.echo(render(cohort).removesuffix("\n"))
    if page:
        from monai_mri.report.cohort import write_cohort_page

        click.echo(f"{write_cohort_page(cohort, page)}: page with plots", err=True)
