"""One HTML page about a run, and contact sheets of its pictures."""

from __future__ import annotations

from monai_mri.report.overlays import OverlaySource
from monai_mri.report.page import write_report
from monai_mri.report.sheet import write_sheet

__all__ = ["OverlaySource", "write_report", "write_sheet"]
