"""What is generated in `docs/api/generated`: a page a public package, and the help of every command.

Both are found by walking the package and the commands; no list is kept. Public is what stands in the
`__all__` of a package, and every class of `monai_mri.errors`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click

import monai_mri
from monai_mri.cli import main

PLAIN_MODULES = ("monai_mri.errors",)
COMMANDS = "commands.md.inc"  # docs/cli.md includes it
HELP_COLUMNS = 90


def public_packages() -> list[ModuleType]:
    """Every package with a non-empty `__all__`, and the modules that are public as a whole."""
    found = [
        importlib.import_module(info.name)
        for info in pkgutil.walk_packages(monai_mri.__path__, prefix="monai_mri.")
        if info.ispkg or info.name in PLAIN_MODULES
    ]
    return [module for module in found if public_names(module)]


def public_names(module: ModuleType) -> list[str]:
    """What a module offers: its `__all__`, else the classes that it defines."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__
    ]


def api_page(module: ModuleType) -> str:
    """The page of one package, in reStructuredText."""
    name = module.__name__
    blocks = [f"{name}\n{'=' * len(name)}", f".. automodule:: {name}\n   :no-members:"]
    blocks += [_entry(module, public) for public in sorted(public_names(module), key=str.lower)]
    return "\n\n".join(blocks) + "\n"


def command_help() -> str:
    """What each command answers to `--help`, in Markdown."""
    return "\n".join(
        f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n"
        for context in _contexts(main, parent=None, name="monai-mri")
    )


def write_api_pages(folder: Path) -> None:
    """Write all pages, and remove those of packages that are gone; an unchanged page keeps its time."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {f"{module.__name__}.rst": api_page(module) for module in public_packages()}
    pages[COMMANDS] = command_help()
    for old in folder.iterdir():
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _contexts(command: click.Command, *, parent: click.Context | None, name: str) -> Iterator[click.Context]:
    context = click.Context(command, parent=parent, info_name=name, max_content_width=HELP_COLUMNS)
    context.terminal_width = HELP_COLUMNS
    context.help_option_names = ["-h", "--help"]
    yield context
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            found = command.get_command(context, sub)
            if found is not None:
                yield from _contexts(found, parent=context, name=sub)


def _entry(module: ModuleType, name: str) -> str:
    value = getattr(module, name)
    path = f"{module.__name__}.{name}"
    if inspect.ismodule(value):
        return f"``{name}``\n   The module :mod:`{value.__name__}`."
    if inspect.isclass(value):
        return f".. autoclass:: {path}\n   :members:\n   :show-inheritance:"
    if callable(value):
        kind = "function" if inspect.isfunction(value) else "data"
        return f".. auto{kind}:: {path}"
    return f".. py:data:: {path}\n   :value: {value!r}"
