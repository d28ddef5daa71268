"""One line for each thing that can be wrong with data, as text and as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from monai_mri.errors import DataError, ManifestError


@dataclass(frozen=True)
class Fault:
    """What was found where, what was expected, what to do next.

    `code` is stable (`E501` is an error, `W204` a warning), so that people can search for it; empty
    where there is none.

    >>> print(Fault("E502", "a.csv:1", "columns separated by ';'", "commas", "save it with commas"))
    a.csv:1: columns separated by ';', expected commas; save it with commas [E502]
    """

    code: str
    where: str
    found: str
    expected: str
    todo: str

    def __str__(self) -> str:
        line = f"{self.where}: {self.found}, expected {self.expected}; {self.todo}"
        return f"{line} [{self.code}]" if self.code else line

    @property
    def severity(self) -> Literal["error", "warning"]:
        """What the code's first letter says; without a code an error."""
        return "warning" if self.code.startswith("W") else "error"

    def error(self, kind: type[DataError] = ManifestError) -> DataError:
        """The fault as an exception, by default a `ManifestError`, with the fault itself on it."""
        error = kind(str(self))
        error.fault = self
        return error
