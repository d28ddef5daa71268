"""Draw the copies that a check found, side by side."""

from __future__ import annotations

from pathlib import Path

from monai_mri.manifest.checks.check import CheckResult
from monai_mri.manifest.checks.copy_rules import find_image_copies, same_bytes_pairs


def draw_pairs(result: CheckResult, out: Path) -> int:
    """Write a PNG with the copies of each image column, and give their number; none is no file."""
    from monai_mri.manifest.copies.picture import SheetPair, pairs_sheet

    cohort = result.cohort
    if cohort is None:
        return 0
    root, drawn = cohort.manifest.root, []
    for one, other, who in same_bytes_pairs(cohort):
        drawn.append(SheetPair(root / one, root / other, who, "bytes", 1.0, ""))
    files, copies = find_image_copies(cohort)
    for copy in copies:
        (one, owner), (other, subject) = files[copy.first], files[copy.second]
        who = (owner, subject)
        drawn.append(SheetPair(root / one, root / other, who, copy.kind, copy.similarity, copy.transform))
    if drawn:
        pairs_sheet(drawn, out)
    return len(drawn)
