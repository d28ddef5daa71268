"""One thing that a check found, tied to a subject and a file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from monai_mri.faults import Fault


@dataclass(frozen=True, order=True)
class Finding:
    """What is wrong with which file of which subject, what was expected, and what to do.

    `subject` and `path` are as the manifest writes them (path relative to its root); either is empty where
    the finding speaks of the table as a whole.

    >>> fault = Fault("E103", "a.nii", "an empty file", "a NIfTI image", "copy the file again")
    >>> print(Finding.of(fault, subject="sub-1", path="a.nii"))
    E103 error sub-1 a.nii: an empty file, expected a NIfTI image; copy the file again
    """

    path: str
    subject: str
    code: str
    severity: Literal["error", "warning"]
    found: str
    expected: str
    todo: str

    @classmethod
    def of(cls, fault: Fault, *, subject: str = "", path: str = "") -> Finding:
        """A fault of a file or row, said of a subject."""
        return cls(path, subject, fault.code, fault.severity, fault.found, fault.expected, fault.todo)

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.code, self.severity, self.subject, self.path)))
        return f"{where}: {self.found}, expected {self.expected}; {self.todo}"

    def as_json(self) -> dict[str, str]:
        """The finding for machines: code, severity, subject, path, found, expected, todo."""
        names = ("code", "severity", "subject", "path", "found", "expected", "todo")
        values = asdict(self)
        return {name: values[name] for name in names}
