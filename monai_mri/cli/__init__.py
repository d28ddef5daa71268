"""The command line `monai-mri`. Starting it imports click and nothing heavier."""

from __future__ import annotations

import click

from monai_mri import __version__
from monai_mri.cli.lazy import MainGroup

__all__ = ["main"]


@click.group(cls=MainGroup, package=__name__, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="monai-mri")
@click.option(
    "--traceback",
    is_flag=True,
    envvar="MONAI_MRI_TRACEBACK",
    show_envvar=True,
    help="On an error, show where in the code it arose.",
)
def main(*, traceback: bool) -> None:
    """Published MRI studies as MONAI bundles, and the tools around them."""
