"""Do all runs of a study."""

from __future__ import annotations

from pathlib import Path

import click

from monai_mri.cli.outputs import pairs
from monai_mri.cli.study.options import bundle_argument, output_option


@click.command()
@bundle_argument
@output_option
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A key of the config, for all runs."
)
@click.option(
    "--layer",
    "layers",
    multiple=True,
    metavar="NAME|FILE",
    help="Lay configs/NAME.yaml, or a YAML file of your own, over train.yaml.",
)
@click.option(
    "--protocol",
    default="honest",
    show_default=True,
    type=click.Choice(["honest", "paper"]),
    help="paper: all variants as published.",
)
@click.option(
    "--variant", "variants", multiple=True, metavar="NAME", help="One of protocol.yaml.  [default: all]"
)
@click.option("--repeats", type=click.IntRange(min=1), help="Of the splits.  [default: as protocol.yaml]")
@click.option("--folds", type=click.IntRange(min=1), help="Of a repeat.  [default: as protocol.yaml]")
def run(
    *,
    bundle: Path,
    output: Path,
    settings: tuple[str, ...],
    layers: tuple[str, ...],
    protocol: str,
    variants: tuple[str, ...],
    repeats: int | None,
    folds: int | None,
) -> None:
    """Train and evaluate every variant of BUNDLE at every repeat and fold, one run after the other.

    \b
    monai-mri manifest split scans/manifest.csv --repeats 10
    monai-mri study run bundles/migraine --output studies/a --set manifest=scans/manifest.csv

    What is finished is not done again: the same command goes on after an interruption, and retries failures.
    """
    texts = pairs(settings, option="--set")
    from monai_mri.study import run_study

    run_study(
        bundle,
        output,
        texts=texts,
        layers=layers,
        protocol=protocol,
        variants=variants,
        repeats=repeats,
        folds=folds,
    )
