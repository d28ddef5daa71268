"""Show how far each run of a study is."""

from __future__ import annotations

import json
from pathlib import Path

import click

from monai_mri.cli.outputs import printable
from monai_mri.cli.study.options import bundle_argument, output_option


@click.command()
@bundle_argument
@output_option
@click.option("--json", "as_json", is_flag=True, help="A list of objects, one a run.")
def status(*, bundle: Path, output: Path, as_json: bool) -> None:
    """List the runs of the study of BUNDLE: to do, begun, failed and why, or done with the primary metric."""
    from monai_mri.study import study_status
    from monai_mri.study.status import status_json, status_lines

    states = study_status(bundle, output)
    if as_json:
        click.echo(json.dumps(status_json(states), indent=1))
        return
    for line in status_lines(states):
        click.echo(printable(line))
