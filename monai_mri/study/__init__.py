"""All runs of a bundle's protocol, one after the other, and the table of the paper beside theirs."""

from __future__ import annotations

from monai_mri.lazy import names_on_use

_HOMES = {
    "complexity": ("Complexity", "NetworkCost", "study_complexity"),
    "cost": ("Cost",),
    "protocol": ("Protocol", "read_protocol"),
    "render": ("as_csv", "as_markdown", "as_text"),
    "run": ("run_study",),
    "status": ("RunState", "study_status"),
    "table": ("Table", "study_tables"),
}

__all__ = [
    "Complexity",
    "Cost",
    "NetworkCost",
    "Protocol",
    "RunState",
    "Table",
    "as_csv",
    "as_markdown",
    "as_text",
    "read_protocol",
    "run_study",
    "study_complexity",
    "study_status",
    "study_tables",
]

__getattr__, __dir__ = names_on_use(__name__, _HOMES)
