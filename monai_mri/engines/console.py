"""What a person sees while an engine works: one line a fact, a bar while it takes long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import click

T = TypeVar("T")


def say(message: str) -> None:
    """Print one line to standard error, above a progress bar where one is drawn."""
    from tqdm import tqdm

    with tqdm.external_write_mode():
        click.echo(message, err=True)


def track(items: Iterable[T], *, what: str, total: int | None = None) -> Iterator[T]:
    """Yield the items with a progress bar named `what`; no bar where standard error is not a terminal."""
    from tqdm import tqdm

    yield from tqdm(items, desc=what, total=total, disable=None, leave=False)
