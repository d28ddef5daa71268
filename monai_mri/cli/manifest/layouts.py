"""List the layouts."""

from __future__ import annotations

import click


@click.command()
def layouts() -> None:
    """List the layouts that `create` knows, with settings and presets."""
    from monai_mri.manifest.layouts import available

    for layout in available().values():
        click.echo(f"{layout.name}: {layout.summary}")
        for option, default in layout.options.items():
            click.echo(f"  --option {option}={default}")
        for preset, values in layout.presets.items():
            meaning = " ".join(f"{option}={value}" for option, value in values.items())
            click.echo(f"  --option preset={preset}  ({meaning})")
