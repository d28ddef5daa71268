"""`monai-mri manifest`: one module a command."""

from __future__ import annotations

import click

from monai_mri.cli.lazy import LazyGroup

__all__ = ["manifest"]


@click.group(cls=LazyGroup, package=__name__)
def manifest() -> None:
    """Make, check, split, join, convert and show tables of images."""
