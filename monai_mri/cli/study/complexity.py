"""Print what the networks of a study cost."""

from __future__ import annotations

from pathlib import Path

import click

from monai_mri.cli.outputs import pairs
from monai_mri.cli.study.options import bundle_argument


@click.command()
@bundle_argument
@click.option(
    "--variant", "variants", multiple=True, metavar="NAME", help="One of protocol.yaml.  [default: all]"
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, or cuda:1.")
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    help="Samples of a training step.  [default: the variant's own]",
)
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A key of the config, for all variants."
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
    "form",
    "--format",
    type=click.Choice(["text", "csv", "markdown", "json"]),
    default="text",
    show_default=True,
)
def complexity(
    *,
    bundle: Path,
    variants: tuple[str, ...],
    device: str,
    batch_size: int | None,
    settings: tuple[str, ...],
    layers: tuple[str, ...],
    protocol: str,
    form: str,
) -> None:
    """Measure parameters, FLOPs, time and memory of the networks of BUNDLE's variants.

    No data are needed: the networks get random weights and random numbers. With text each line is printed
    as soon as it is measured. Ctrl-C ends the measuring; what was measured until then is printed. With csv
    the notes go to standard error.
    """
    texts = pairs(settings, option="--set")
    from monai_mri.study import Complexity, study_complexity
    from monai_mri.study.complexity_table import (
        complexity_csv,
        complexity_json,
        complexity_markdown,
        next_lines,
    )

    seen: list[Complexity] = []

    def watch(found: Complexity) -> None:
        seen.append(found)
        if form == "text":
            click.echo(next_lines(found))
        elif found.waiting:
            done, names = len(found.rows), ", ".join(found.waiting[0].variants)
            click.echo(f"{done + 1}/{done + len(found.waiting)} {names}", err=True)

    forms = {"csv": complexity_csv, "markdown": complexity_markdown, "json": complexity_json}
    try:
        study_complexity(
            bundle,
            variants=variants,
            texts=texts,
            layers=layers,
            protocol=protocol,
            device=device,
            batch_size=batch_size,
            watch=watch,
        )
    finally:  # also after Ctrl-C, and where a network fails after others were measured
        if seen and seen[-1].rows:
            click.echo(forms[form](seen[-1]) if form in forms else "\n".join(["", *seen[-1].notes]))
            for note in seen[-1].notes if form == "csv" else ():
                click.echo(f"note: {note}", err=True)
