"""A click group whose commands are the modules of a package, imported only when called.

A module or package `x_y` that defines a function `x_y` at its top level is the command `x-y`, and the first
line of that function's docstring is its summary. Nothing is registered anywhere.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from monai_mri.cli.errors import reported


class LazyGroup(click.Group):
    """The commands of the package `package`, such as "monai_mri.cli"."""

    def __init__(self, *args: Any, package: str, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in alphabetical order."""
        return sorted(summaries(self.package))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None if there is none of that name."""
        if cmd_name not in summaries(self.package):
            return None
        function = cmd_name.replace("-", "_")
        command = getattr(importlib.import_module(f"{self.package}.{function}"), function)
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or end with the name that comes closest."""
        known = self.list_commands(ctx)
        if args and not args[0].startswith("-") and args[0] not in known:
            near = get_close_matches(args[0], known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(known)}."
            ctx.fail(f"No such command {args[0]!r}: {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(summaries(self.package).items()))


class MainGroup(LazyGroup):
    """The outermost group: errors end as one or two lines (see `reported`)."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, and turn an exception into lines and an exit code."""
        with reported(traceback=bool(ctx.params.get("traceback"))):
            return super().invoke(ctx)


def summaries(package: str) -> dict[str, str]:
    """Each command's name and one line about it, read from the source without importing it.

    >>> "manifest" in summaries("monai_mri.cli")
    True
    """
    found = {}
    folder = Path(str(importlib.import_module(package).__file__)).parent
    for module in pkgutil.iter_modules([str(folder)]):
        source = folder / (f"{module.name}/__init__.py" if module.ispkg else f"{module.name}.py")
        for statement in ast.parse(source.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.FunctionDef) and statement.name == module.name:
                first = (ast.get_docstring(statement) or "").partition("\n")[0]
                found[module.name.replace("_", "-")] = first
    return found
