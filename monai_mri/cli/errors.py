"""Turn an exception into one or two lines and an exit code, in one place for all commands."""

from __future__ import annotations

import re
import traceback as tracebacks
from collections.abc import Iterator
from contextlib import contextmanager

import click

from monai_mri import errors
from monai_mri.errors import MonaiMRIError

HINT = "hint: `monai-mri --traceback …` shows where in the code it arose"
INTERRUPTED = 130
OURS_IN_TEXT = re.compile(r"^monai_mri\.errors\.(\w+): (.+)$", re.MULTILINE)


@contextmanager
def reported(*, traceback: bool) -> Iterator[None]:
    """End a failing block with ``error: …`` on standard error and an exit code.

    An error of this package, also inside another exception or in the text that a data-loading process
    sends, gives its message and its own exit code: 2 for a wrong request, 1 for wrong data. Any other
    exception gives its root cause, a hint and 1; Ctrl-C gives 130. click's own exceptions, `SystemExit` and a
    closed pipe pass.

    Args:
        traceback: Whether to print the whole traceback first.
    """
    try:
        yield
    except (click.exceptions.Exit, click.exceptions.Abort, click.ClickException, BrokenPipeError):
        raise
    except KeyboardInterrupt:
        click.echo("error: interrupted", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    except Exception as error:
        if traceback:
            click.echo("".join(tracebacks.format_exception(error)).rstrip(), err=True)
        lines, code = explain(error)
        click.echo("\n".join(lines if not traceback else lines[:1]), err=True)
        raise click.exceptions.Exit(code) from None


def explain(error: BaseException) -> tuple[list[str], int]:
    """The lines that tell a person what went wrong, and the exit code.

    >>> explain(MonaiMRIError("a.csv: is empty, expected rows; fill it"))
    (['error: a.csv: is empty, expected rows; fill it'], 1)
    >>> explain(KeyError("flair"))[0][0]
    "error: KeyError: 'flair'"
    """
    chain = list(_causes(error))
    for link in chain:
        found = OURS_IN_TEXT.search(str(link))
        if found:
            kind = getattr(errors, found[1], MonaiMRIError)
            return [f"error: {found[2]}"], kind.exit_code
        if isinstance(link, MonaiMRIError):
            return [f"error: {link}"], link.exit_code
    root = chain[-1]
    if isinstance(root, OSError) and root.strerror:
        where = root.filename or "writing"
        return [f"error: {where}: {root.strerror}; check that path, its rights and the free space"], 1
    return [f"error: {type(root).__name__}: {_gist(str(root))}", HINT], 1


def _causes(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__


def _gist(message: str) -> str:
    """The line that matters: the last of a traceback in text, else the first."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if not lines:
        return "no message"
    return lines[-1] if "Traceback (most recent call last)" in message else lines[0]
