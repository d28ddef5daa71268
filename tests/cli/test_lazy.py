from __future__ import annotations

import click

from monai_mri.cli import main
from monai_mri.cli.lazy import summaries


def test_a_module_with_a_function_of_its_name_is_a_command(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    tmp_path /= "commands_of_a_test"
    (tmp_path / "inner").mkdir(parents=True)
    (tmp_path / "__init__.py").touch()
    (tmp_path / "inner/__init__.py").write_text('def inner():\n    """A group."""\n')
    (tmp_path / "dry_run.py").write_text('def dry_run():\n    """Try it.\n\n    More."""\n')
    (tmp_path / "helpers.py").write_text('def help_out():\n    """Help."""\n')
    (tmp_path / "fatal.py").write_text('def fatal():\n    """Not run."""\nraise SystemExit(3)\n')
    assert summaries(tmp_path.name) == {"dry-run": "Try it.", "fatal": "Not run.", "inner": "A group."}


def test_every_command_loads_and_has_one_line_of_help():
    context = click.Context(main)
    for name, summary in summaries("monai_mri.cli").items():
        assert isinstance(main.get_command(context, name), click.Command)
        assert summary.endswith(".")


def test_an_unknown_name_is_none():
    assert main.get_command(click.Context(main), "errors") is None
