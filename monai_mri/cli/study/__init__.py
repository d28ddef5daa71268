"""`monai-mri study`: one module a command."""

from __future__ import annotations

import click

from monai_mri.cli.lazy import LazyGroup

__all__ = ["study"]


@click.group(cls=LazyGroup, package=__name__)
def study() -> None:
    """Run all runs of a study's protocol, and print the paper's table beside them."""
