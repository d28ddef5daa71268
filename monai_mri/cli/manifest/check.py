"""Check a manifest and its images."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monai_mri.cli.manifest.options import CSV
from monai_mri.cli.outputs import printable, refuse_overwriting

if TYPE_CHECKING:
    from monai_mri.manifest.checks import CheckResult

CODE = re.compile(r"[EW]\d{3}")
LISTED = 10  # findings of one code that the table shows; the rest is counted


def _codes(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    codes = tuple(code.strip().upper() for text in texts for code in text.split(","))
    for code in codes:
        if not CODE.fullmatch(code):
            raise click.BadParameter(f"{code!r} found, expected codes such as E511")
    return codes


@click.command()
@click.argument("table", metavar="MANIFEST", type=CSV)
@click.option(
    "--depth",
    type=click.Choice(["table", "header", "voxels"]),
    default="header",
    show_default=True,
    help="Open no image, read headers, or read every voxel.",
)
@click.option("--phi", is_flag=True, help="Look for what identifies a person, too.")
@click.option("--schema", type=CSV, help="JSON Schema that each row must fit.")
@click.option(
    "--ignore", multiple=True, metavar="CODE", callback=_codes, help="Leave out findings such as E511."
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--pairs", type=CSV, metavar="PNG", help="Draw copies side by side; needs --depth voxels.")
@click.option("--allow-outside", is_flag=True, help="Read files outside the manifest's root.")
@click.option("--jobs", type=click.IntRange(min=1), help="Files read at once.  [default: one a core]")
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False), help="Folder to keep results in.")
@click.option("--no-cache", is_flag=True, help="Keep no results, use none.")
@click.option("--force", is_flag=True, help="Replace the picture of --pairs.")
def check(  # noqa: PLR0913 - one for each option
    *,
    table: Path,
    depth: str,
    phi: bool,
    schema: Path | None,
    ignore: tuple[str, ...],
    form: str,
    pairs: Path | None,
    allow_outside: bool,
    jobs: int | None,
    cache: Path | None,
    no_cache: bool,
    force: bool,
) -> None:
    """Look for what is wrong with MANIFEST and its images, before training.

    Nothing is changed. Exit code 0: no errors (there may be warnings); 1: errors. What each code means stands
    in docs/manifest-check.md.
    """
    if pairs is not None and depth != "voxels":
        raise click.UsageError("--pairs: copies are found in voxels, expected --depth voxels; add it")
    if pairs is not None:
        refuse_overwriting(pairs, force=force)
        if pairs.suffix.lower() != ".png":
            raise click.UsageError(f"--pairs: {pairs} found, expected a name that ends in .png")
    if cache is not None and no_cache:
        raise click.UsageError("--cache and --no-cache exclude each other; give one")
    from monai_mri.manifest.checks import check_manifest, default_cache_folder, draw_pairs

    result = check_manifest(
        table,
        depth=depth,
        phi=phi,
        schema=schema,
        ignore=ignore,
        allow_outside=allow_outside,
        jobs=jobs,
        cache=None if no_cache else cache or default_cache_folder(),
        progress=form == "table",
    )
    if pairs is not None:
        drawn = draw_pairs(result, pairs)
        click.echo(f"{pairs}: {drawn} pairs" if drawn else "no pairs to draw", err=True)
    if form == "json":
        _as_json(result)
    else:
        _as_table(result)
    if result.errors:
        raise click.exceptions.Exit(1)


def _as_json(result: CheckResult) -> None:
    import json

    click.echo(json.dumps([finding.as_json() for finding in result.findings], indent=1, ensure_ascii=False))


def _as_table(result: CheckResult) -> None:
    """One line a finding, by code; a code with many is cut short and counted."""
    counts = Counter(finding.code for finding in result.findings)
    for code in sorted(counts):
        findings = [finding for finding in result.findings if finding.code == code]
        for finding in findings[:LISTED]:
            click.echo(printable(str(finding)))
        if len(findings) > LISTED:
            more = f"{len(findings) - LISTED} more {code}, all of them with --format json"
            click.echo(click.style(f"… and {more}", dim=True))
    for note in result.notes:
        click.echo(f"note: {result.path.name}: {note}", err=True)
    click.echo(_summary(result, counts))


def _summary(result: CheckResult, counts: Counter[str]) -> str:
    errors, rows = result.errors, 0 if result.cohort is None else len(result.cohort.lines)
    looked = f"{rows} rows" + (f", {result.files} files" if result.files else "")
    known = f" ({result.cached} known from before)" if result.cached else ""
    words = [f"{result.path}: {looked}{known} at depth {result.depth}, {result.seconds:.1f} s"]
    words += [f"{errors} errors, {len(result.findings) - errors} warnings"]
    if counts:
        words += [", ".join(f"{code} {count}" for code, count in sorted(counts.items()))]
    if result.ignored:
        words += ["ignored " + ", ".join(f"{code} {count}" for code, count in sorted(result.ignored.items()))]
    return "; ".join(words)
