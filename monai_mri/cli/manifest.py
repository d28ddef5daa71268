"""`monai-mri manifest`: make, split, join and show tables of images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from monai_mri.cli.outputs import pairs, refuse_overwriting

if TYPE_CHECKING:
    from monai_mri.manifest import Manifest, Splits

CSV = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
SKIPPED_LISTED = 10
RESERVED = {"layout", "root", "out", "source", "licence", "root_is"}

force_option = click.option("--force", is_flag=True, help="Replace files that exist.")
out_option = click.option("-o", "--out", type=CSV, required=True, help="The CSV to write.")
root_option = click.option(
    "--root-is",
    default="manifest",
    show_default=True,
    metavar="manifest|env:NAME",
    help="What paths are relative to: the CSV's folder, or the folder that an environment variable names.",
)


@click.group()
def manifest() -> None:
    """Make, split, join and show tables of images."""


def _complete_layout(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from monai_mri.manifest import layouts

    return [name for name in layouts.available() if name.startswith(incomplete)]


@manifest.command()
@click.argument("layout", shell_complete=_complete_layout)
@click.argument("root", type=FOLDER)
@out_option
@click.option("options", "--option", multiple=True, metavar="KEY=VALUE", help="A setting of the layout.")
@click.option("--source", default="", help="Where the data come from.")
@click.option("--licence", default="", help="Their licence.")
@root_option
@force_option
def create(
    *,
    layout: str,
    root: Path,
    out: Path,
    options: tuple[str, ...],
    source: str,
    licence: str,
    root_is: str,
    force: bool,
) -> None:
    """Write a table of the images below ROOT, which lie as LAYOUT says.

    `monai-mri manifest layouts` lists the layouts, their settings and presets.
    """
    settings = pairs(options, option="--option")
    for name in RESERVED.intersection(settings):
        raise click.UsageError(f"--option {name}=…: not a setting of a layout, but of the command itself")
    refuse_overwriting(out, out.with_suffix(".json"), force=force)
    from monai_mri.manifest import create_manifest

    made = create_manifest(layout, root, out, root_is=root_is, source=source, licence=licence, **settings)
    _tell(made)
    if not {"subject_pattern", "preset"} & settings.keys():
        _tell_subjects(made)


@manifest.command()
@click.argument("table", metavar="MANIFEST", type=CSV)
@click.option("--folds", default=1, show_default=True, help="2 or more: cross-validation.")
@click.option("--repeats", default=1, show_default=True, help="How often to deal anew.")
@click.option("--test", type=float, help="Share of subjects to test on, with one fold.  [default: 0.2]")
@click.option("--validation", default=0.1, show_default=True, help="Share of subjects to validate on.")
@click.option("--stratify", multiple=True, metavar="COLUMN", help="Balance a column over the parts.")
@click.option("--assign", multiple=True, metavar="SUBJECT=PART", help="Fix the part of a subject.")
@click.option("--seed", default=0, show_default=True)
@force_option
def split(  # noqa: PLR0913 - one for each option
    *,
    table: Path,
    folds: int,
    repeats: int,
    test: float | None,
    validation: float,
    stratify: tuple[str, ...],
    assign: tuple[str, ...],
    seed: int,
    force: bool,
) -> None:
    """Divide the subjects of MANIFEST into train, validation and test.

    The result lies beside it, as NAME.splits.json.
    """
    fixed = pairs(assign, option="--assign")
    from monai_mri.manifest import make_splits, read_manifest, splits_path, write_splits

    out = splits_path(table)
    refuse_overwriting(out, force=force)
    splits = make_splits(
        read_manifest(table),
        folds=folds,
        repeats=repeats,
        test=test,
        validation=validation,
        stratify=stratify,
        assign=fixed,
        seed=seed,
    )
    write_splits(out, splits)
    click.echo(f"{out}: {_sizes(splits)}")


@manifest.command()
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

    _tell(
        join_manifests(
            [read_manifest(table) for table in tables], out, root_is=root_is, prefixes=prefixes or None
        )
    )


@manifest.command()
@click.argument("table", metavar="MANIFEST", type=CSV)
def show(*, table: Path) -> None:
    """Summarise MANIFEST: counts, missing cells, shapes, splits."""
    from monai_mri.manifest import describe_manifest, read_manifest

    click.echo(describe_manifest(read_manifest(table)))


@manifest.command("layouts")
def list_layouts() -> None:
    """List the layouts that `create` knows, with settings and presets."""
    from monai_mri.manifest import layouts

    for layout in layouts.available().values():
        click.echo(f"{layout.name}: {layout.summary}")
        for option, default in layout.options.items():
            click.echo(f"  --option {option}={default}")
        for preset, values in layout.presets.items():
            meaning = " ".join(f"{option}={value}" for option, value in values.items())
            click.echo(f"  --option preset={preset}  ({meaning})")


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


def _tell(made: Manifest) -> None:
    subjects = made.table["subject_id"].nunique()
    click.echo(f"{made.path}: {len(made.table)} images of {subjects} subjects")
    if made.skipped:
        click.echo(f"{len(made.skipped)} left out:", err=True)
        for skipped in made.skipped[:SKIPPED_LISTED]:
            click.echo(f"  {skipped}", err=True)
        if len(made.skipped) > SKIPPED_LISTED:
            click.echo(f"  and {len(made.skipped) - SKIPPED_LISTED} more", err=True)


def _sizes(splits: Splits) -> str:
    counts: dict[str, int] = {"train": 0, "validation": 0, "test": 0}
    for part in splits.units_by_part().values():
        counts[part] += 1
    sizes = ", ".join(f"{count} {part}" for part, count in counts.items())
    if splits.folds * splits.repeats == 1:
        return f"subjects {sizes}"
    return f"{splits.repeats} x {splits.folds} folds, subjects of the first: {sizes}"
