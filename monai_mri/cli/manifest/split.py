"""Divide the subjects of a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from monai_mri.cli.manifest.options import CSV, force_option
from monai_mri.cli.outputs import pairs, refuse_overwriting

if TYPE_CHECKING:
    from monai_mri.manifest import Splits


@click.command()
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


def _sizes(splits: Splits) -> str:
    counts: dict[str, int] = {"train": 0, "validation": 0, "test": 0}
    for part in splits.units_by_part().values():
        counts[part] += 1
    sizes = ", ".join(f"{count} {part}" for part, count in counts.items())
    if splits.folds * splits.repeats == 1:
        return f"subjects {sizes}"
    return f"{splits.repeats} x {splits.folds} folds, subjects of the first: {sizes}"
