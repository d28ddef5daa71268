"""Steps that a bundle's `run` names: under `python -m monai.bundle` their errors are one line, not sixty."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from monai_mri.engines.console import say
from monai_mri.errors import MonaiMRIError

P = ParamSpec("P")
R = TypeVar("R")


def bundle_step(step: Callable[P, R]) -> Callable[P, R]:
    """End the process with the error's line and exit status where MONAI's command line runs `step`.

    Everywhere else the error is raised as it is. MONAI itself would wrap it in a traceback of sixty lines.
    """

    @wraps(step)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return step(*args, **kwargs)
        except MonaiMRIError as error:
            if not _is_monai_command():
                raise
            say(f"error: {error}")
            raise SystemExit(error.exit_code) from None

    return run


def _is_monai_command() -> bool:
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return spec is not None and spec.name == "monai.bundle.__main__"
