"""Make a manifest from a folder of images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from monai_mri.cli.manifest.options import by_reason, force_option, out_option, root_option, tell
from monai_mri.cli.outputs import pairs, printable, refuse_overwriting

if TYPE_CHECKING:
    from monai_mri.manifest import Manifest
    from monai_mri.manifest.layouts import Collected, Sample

RESERVED = {"layout", "root", "out", "source", "licence", "root_is", "skip_faulty", "progress"}


def _complete_layout(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from monai_mri.manifest import layouts

    return [name for name in layouts.available() if name.startswith(incomplete)]


@click.command()
@click.argument("layout", shell_complete=_complete_layout)
@click.argument("root", type=click.Path(path_type=Path))
@out_option
@click.option("options", "--option", multiple=True, metavar="KEY=VALUE", help="A setting of the layout.")
@click.option("maps", "--map", multiple=True, metavar="NEW=OLD", help="Layout csv: rename a column.")
@click.option("--source", default="", help="Where the data come from.")
@click.option("--licence", default="", help="Their licence.")
@root_option
@click.option("--skip-faulty", is_flag=True, help="Leave out samples that cannot be read or do not fit.")
@click.option("--dry-run", is_flag=True, help="Show what would be taken and what not; write nothing.")
@force_option
def create(  # noqa: PLR0913 - one for each option
    *,
    layout: str,
    root: Path,
    out: Path,
    options: tuple[str, ...],
    maps: tuple[str, ...],
    source: str,
    licence: str,
    root_is: str,
    skip_faulty: bool,
    dry_run: bool,
    force: bool,
) -> None:
    """Write a table of the images below ROOT, which lie as LAYOUT says.

    `monai-mri manifest layouts` lists the layouts, their settings and presets.
    """
    settings = pairs(options, option="--option")
    for name in RESERVED.intersection(settings):
        raise click.UsageError(f"--option {name}=…: not a setting of a layout, but of the command itself")
    if maps:
        pairs(maps, option="--map")
        settings["map"] = ";".join([*maps, *filter(None, [settings.get("map", "")])])
    from monai_mri.manifest import create_manifest, plan_manifest

    if dry_run:
        _plan(plan_manifest(layout, root, **settings), root)
        return
    refuse_overwriting(out, out.with_suffix(".json"), force=force)
    if out.exists() and root.is_file() and out.samefile(root):
        raise click.UsageError(f"{out}: is the table to read, expected another name; choose one with -o")
    made = create_manifest(
        layout,
        root,
        out,
        root_is=root_is,
        source=source,
        licence=licence,
        skip_faulty=skip_faulty,
        progress=True,
        **settings,
    )
    tell(made)
    if "subject_pattern" not in settings:
        _tell_subjects(made)


def _plan(collected: Collected, root: Path) -> None:
    """Every sample that would be taken, and every reason for which a file would not, with its files."""
    subjects = {sample.subject_id for sample in collected.samples}
    for sample in collected.samples:
        click.echo(printable(_line(sample, root)))
    click.echo(f"{len(collected.samples)} images of {len(subjects)} subjects would be taken")
    click.echo(f"{len(collected.skipped)} would be left out" + (":" if collected.skipped else ""))
    for line in by_reason(collected.skipped):
        click.echo(f"  {printable(line)}")


def _line(sample: Sample, root: Path) -> str:
    who = " ".join(filter(None, (sample.subject_id, sample.session_id, sample.site)))
    files = {**sample.images, **({} if sample.mask is None else {"mask": sample.mask})}
    words = [f"{name}={_below(path, root)}" for name, path in files.items()]
    words += [f"{name}={value}" for name, value in sample.extra.items() if value]
    return f"{who}: {' '.join(words)}"


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _tell_subjects(made: Manifest) -> None:
    """Say it where each of several pictures counts as a subject of its own: that is how patients leak."""
    rows = made.rows()
    pictures = all(not row[made.modalities[0]].endswith((".nii", ".nii.gz")) for row in rows)
    if pictures and len(rows) > 1 and len({row["subject_id"] for row in rows}) == len(rows):
        click.echo(
            f"note: {len(rows)} pictures, {len(rows)} subjects: each a subject of its own. If a patient "
            "has several, give --option subject_pattern=REGEX, or parts will share patients",
            err=True,
        )
