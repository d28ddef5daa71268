"""The folder of one run: what it was, how it went, what came out."""

from __future__ import annotations

import json
import math
import platform
import re
import resource
import shlex
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from itertools import count as count_from
from pathlib import Path
from typing import Any

from monai_mri import __version__
from monai_mri.engines.durable import write_text_durably
from monai_mri.errors import DataError

LEFTOVER = re.compile(r"\.(model|run|history|threshold|summary|subjects|step_\d+)\.\w+\.\d+\.tmp")
PACKAGES = ("torch", "monai", "pytorch-ignite", "numpy", "nibabel")


@dataclass(frozen=True)
class RunFolder:
    """Where a run writes, and what it calls itself.

    Args:
        path: the folder, made when first written to.
        study: name of the study, as its bundle folder.
        protocol: "honest" or "paper".
    """

    path: str | Path
    study: str
    protocol: str = "honest"

    @property
    def root(self) -> Path:
        """The folder as an absolute path."""
        return Path(self.path).absolute()

    @property
    def checkpoints(self) -> Path:
        """Where the training states lie."""
        return self.root / "checkpoints"

    @property
    def evaluation(self) -> Path:
        """Where an evaluation writes."""
        return self.root / "evaluation"

    def write_json(self, name: str, content: Any) -> Path:
        """Write JSON; undefined numbers become null."""
        return write_text_durably(
            self.root / name, json.dumps(plain(content), indent=1, allow_nan=False) + "\n"
        )

    def read_json(self, name: str) -> dict[str, Any]:
        """Read what `write_json` wrote; empty where there is no such file."""
        path = self.root / name
        try:
            content: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
        except ValueError as error:
            raise DataError(f"{path}: damaged ({error}); remove it, the next run writes it anew") from error
        return content

    def update_run(self, **facts: Any) -> None:
        """Add facts to run.json."""
        self.write_json("run.json", {**self.read_json("run.json"), **facts})

    def set_evaluation_aside(self, *, unless: str) -> None:
        """Rename an evaluation of other weights, so that no table is taken for that of these.

        Args:
            unless: SHA-256 of the weights that are there now.
        """
        for name in ("evaluation", "evaluation-paper"):
            scored = self.read_json(f"{name}/summary.json").get("weights_sha256")
            if scored not in (None, unless):
                aside = self.root / f"{name}-of-{scored[:8]}"
                others = (aside.with_name(f"{aside.name}-{n}") for n in count_from(2))
                (self.root / name).rename(next(path for path in chain([aside], others) if not path.exists()))

    def note_command(self) -> None:
        """Add the command of this process to run.json, so that the run can be repeated."""
        commands = list(self.read_json("run.json").get("commands", []))
        if (command := _command()) not in commands:
            self.update_run(commands=[*commands, command])

    def remove_leftovers(self) -> None:
        """Remove the temporary files of a process that was killed."""
        for folder in (self.root, self.checkpoints, self.evaluation):
            for leftover in folder.glob(".*.tmp"):
                if LEFTOVER.fullmatch(leftover.name):
                    leftover.unlink(missing_ok=True)


def surroundings() -> dict[str, Any]:
    """Versions, machine and time, for a record of the run."""
    return {
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": {"monai_mri": __version__, "python": platform.python_version(), **_versions()},
    }


def peak_memory_mb() -> float:
    """Most memory that this process held at once, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def plain(value: Any) -> Any:
    """The value as JSON can hold it: undefined numbers become None, NumPy numbers Python's, paths text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _command() -> str:
    module = getattr(sys.modules.get("__main__"), "__spec__", None)
    program = f"python -m {module.name.removesuffix('.__main__')}" if module else Path(sys.argv[0]).name
    return " ".join([program, *map(_quoted, sys.argv[1:])])


def _quoted(argument: str) -> str:
    """The argument as a shell takes it; in double quotes where that is easier to read."""
    plain_enough = "'" in argument and not set(argument) & set('"$`\\!')
    return f'"{argument}"' if plain_enough else shlex.quote(argument)
