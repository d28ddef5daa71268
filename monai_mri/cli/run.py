"""`monai-mri run`: one mode of one bundle."""

from __future__ import annotations

import os
from pathlib import Path

import click

from monai_mri.cli.outputs import pairs

MODES = ("train", "evaluate", "infer", "explain")


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("mode", type=click.Choice(MODES))
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A key of the config; nested: a::b=value."
)
@click.option(
    "--protocol",
    default="honest",
    show_default=True,
    type=click.Choice(["honest", "paper"]),
    help="paper: as published, for comparison with the paper's table.",
)
@click.option(
    "--layer",
    "layers",
    multiple=True,
    metavar="NAME|FILE",
    help="Lay configs/NAME.yaml, or a YAML file of your own, over train.yaml, MODE_NAME.yaml over MODE.yaml.",
)
@click.option("--gpus", default="", metavar="0,1", help="GPUs to use; several train together.")
@click.option("--tracking", type=click.Choice(["mlflow"]), help="Track the run with MLflow, too.")
def run(
    *,
    bundle: Path,
    mode: str,
    settings: tuple[str, ...],
    protocol: str,
    layers: tuple[str, ...],
    gpus: str,
    tracking: str | None,
) -> None:
    """Train, evaluate, apply or explain the study in the folder BUNDLE.

    \b
    monai-mri run bundles/ms_plaque train --set dataset_dir=scans --set output_dir=runs/a
    monai-mri run bundles/ms_plaque evaluate --set dataset_dir=scans --set output_dir=runs/a
    monai-mri run bundles/ms_plaque infer --set input=scan.nii.gz --set weights=runs/a --set output_dir=masks

    The keys are those of the files in BUNDLE/configs.
    """
    numbers = _numbers(gpus)
    if len(numbers) == 1:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(numbers[0])  # before PyTorch looks
        numbers = [0]
    from monai_mri.engines.bundle import parse_settings, run_bundle

    texts = pairs(settings, option="--set")
    values = parse_settings(bundle, mode, texts, protocol=protocol, layers=layers)
    run_bundle(
        bundle, mode, settings=values, protocol=protocol, layers=layers, gpus=numbers, tracking=tracking
    )


def _numbers(gpus: str) -> list[int]:
    parts = [part.strip() for part in gpus.split(",") if part.strip()]
    if wrong := [part for part in parts if not part.isdigit()]:
        raise click.BadParameter(
            f"{wrong[0]!r} is no GPU number; write for instance --gpus 0,1", param_hint="--gpus"
        )
    return [int(part) for part in parts]
