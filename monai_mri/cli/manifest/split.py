"""Divide the subjects of a manifest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monai_mri.cli.manifest.options import CSV, force_option
from monai_mri.cli.outputs import pairs, printable, refuse_overwriting

if TYPE_CHECKING:
    from monai_mri.manifest import Splits


@click.command()
@click.argument("table", metavar="MANIFEST", type=CSV)
@click.option("--folds", default=1, show_default=True, help="2 or more: cross-validation.")
@click.option("--repeats", default=1, show_default=True, help="How often to deal anew.")
@click.option(
    "--test", type=float, help="Share of subjects to test on, or from 1 on their number.  [default: 0.2]"
)
@click.option("--validation", type=float, help="Share to validate on, or from 1 on a number.  [default: 0.1]")
@click.option(
    "--rotate",
    type=click.Choice(["test", "validation"]),
    default="test",
    show_default=True,
    help="Which part each fold is once; with validation the test part is the same in all.",
)
@click.option(
    "--unit",
    default="subject_id",
    show_default=True,
    metavar="COLUMN",
    help="What is dealt whole: a coarser column, as family_id, or with a warning a finer one, or row.",
)
@click.option(
    "--stratify",
    multiple=True,
    metavar="COLUMN[:BINS|:set]",
    help="Keep a column in proportion in each part; BINS cuts numbers into quantiles, set is for subjects "
    "with several values.",
)
@click.option("--balance", default="", metavar="COLUMN", help="As many of each value, by leaving some out.")
@click.option("--hold-out", multiple=True, metavar="COLUMN=VALUE", help="Test on this site; may be repeated.")
@click.option(
    "--only-train",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Never validate or test on it; may be repeated.",
)
@click.option("--leave-one-out", default="", metavar="COLUMN", help="One fold for each value, as of site.")
@click.option("--assign", multiple=True, metavar="SUBJECT=PART", help="Fix the part of a subject.")
@click.option("--seed", default=0, show_default=True)
@click.option("--dry-run", is_flag=True, help="Show the parts, write nothing.")
@force_option
def split(  # noqa: PLR0913 - one for each option
    *,
    table: Path,
    folds: int,
    repeats: int,
    test: float | None,
    validation: float | None,
    rotate: str,
    unit: str,
    stratify: tuple[str, ...],
    balance: str,
    hold_out: tuple[str, ...],
    only_train: tuple[str, ...],
    leave_one_out: str,
    assign: tuple[str, ...],
    seed: int,
    dry_run: bool,
    force: bool,
) -> None:
    """Divide the subjects of MANIFEST into train, validation and test.

    Shows subjects by class and site of each part. The result lies beside MANIFEST, as NAME.splits.json.
    """
    fixed = pairs(assign, option="--assign")
    held, only = _values(hold_out, option="--hold-out"), _values(only_train, option="--only-train")
    from monai_mri.manifest import make_splits, read_manifest, splits_faults, splits_path, write_splits
    from monai_mri.manifest.preview import describe_splits

    out = splits_path(table)
    if not dry_run:
        refuse_overwriting(out, force=force)
    manifest = read_manifest(table)
    splits = make_splits(
        manifest,
        unit=unit,
        folds=folds,
        repeats=repeats,
        test=test,
        validation=validation,
        rotate=rotate,
        stratify=stratify,
        balance=balance,
        hold_out=held,
        leave_one_out=leave_one_out,
        only_train=only,
        assign=fixed,
        seed=seed,
    )
    for line in describe_splits(manifest, splits).splitlines():
        click.echo(printable(line))
    for fault in splits_faults(manifest, splits):
        click.echo(
            f"warning: {fault.found}, expected {fault.expected}; {fault.todo} [{fault.code}]", err=True
        )
    if dry_run:
        click.echo(f"{out}: not written: {_sizes(splits)}")
        return
    write_splits(out, splits)
    click.echo(f"{out}: {_sizes(splits)}")


def _values(texts: Sequence[str], *, option: str) -> dict[str, list[str]]:
    """The values of each column that an option names."""
    found: dict[str, list[str]] = {}
    for text in texts:
        for column, value in pairs([text], option=option).items():
            found.setdefault(column, []).append(value)
    return found


def _sizes(splits: Splits) -> str:
    counts: dict[str, int] = {"train": 0, "validation": 0, "test": 0}
    for part in splits.units_by_part().values():
        counts[part] = counts.get(part, 0) + 1
    sizes = ", ".join(f"{count} {part}" for part, count in counts.items())
    units = "subjects" if splits.unit == "subject_id" else "units"
    if splits.folds * splits.repeats == 1:
        return f"{units} {sizes}"
    return f"{splits.repeats} x {splits.folds} folds, {units} of the first: {sizes}"
