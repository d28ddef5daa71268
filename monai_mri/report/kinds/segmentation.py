"""The page of a segmentation run: scores beside baselines, threshold, curves, pictures, a row a sample."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from markupsafe import Markup

from monai_mri.report import curves
from monai_mri.report.kind import SHOWN_ROWS, Kind
from monai_mri.report.loss_curves import has_losses, loss_curves
from monai_mri.report.overlays import FALSE, FOUND, MISSED, PANELS, TRUTH
from monai_mri.report.run_folder import Part, RunFolder
from monai_mri.report.samples import draw_samples
from monai_mri.report.segment_results import Method, SegmentResults, Summary, read_segment_results
from monai_mri.report.slice_tables import mean_table, to_between
from monai_mri.report.tables import Table, lesion_table, subject_table, voxel_table

__all__ = ["KIND"]

TARGETS = {"ms_plaque": "plaque", "brain_tumor": "tumour"}  # what a study marks; else "lesion"


def collect(folder: RunFolder) -> dict[str, Any]:
    """What the template shows."""
    results = read_segment_results(folder)
    summary, methods = results.summary, results.methods
    scan = "slice" if results.by_slice else "scan"
    return {
        "results": results,
        "summary": summary,
        "scored": _scored(results),
        "network": next((m for m in methods if m.name == "network"), None),
        "baseline": _best_baseline(methods),
        "tables": _tables(methods, scans=f"{scan}s") if methods else {},
        "scan": scan,
        "target": TARGETS.get(folder.run.study, "lesion"),
        "given": summary is not None and not summary.threshold_part,
        "by_loss": has_losses(folder.history),
        **_slices(summary),
        "curves": _draw_curves(folder, results, scan=scan),
        "shown": draw_samples(folder, summary.samples) if summary is not None else [],
        "panels": PANELS,
        "colours": {
            name: "rgb({}, {}, {})".format(*colour)
            for name, colour in {"found": FOUND, "false": FALSE, "missed": MISSED, "truth": TRUTH}.items()
        },
        "subjects": _subject_tables(results),
    }


KIND = Kind(name="segmentation", collect=collect, last=True)


def _scored(results: SegmentResults) -> tuple[str, Part] | None:
    """The part that the evaluation scored."""
    summary = results.summary
    if summary is None or not summary.samples:
        return None
    subjects = {sample.subject_id for sample in summary.samples}
    return summary.part, Part(subjects=len(subjects), images=len(summary.samples))


def _tables(methods: Sequence[Method], *, scans: str) -> dict[str, Table | None]:
    return {"voxels": voxel_table(methods, scans=scans), "lesions": lesion_table(methods, scans=scans)}


def _slices(summary: Summary | None) -> dict[str, Any]:
    """Tables by slice and by volume, empty where the evaluation did not look at them."""
    if summary is None or summary.per_slice is None:
        return {"slice_table": None, "volume_table": None, "between": to_between}
    volumes = summary.per_volume
    return {
        "slice_table": mean_table(summary.per_slice.scores, unit="Slices"),
        "volume_table": mean_table(volumes.scores, unit="Volumes") if volumes and volumes.volumes else None,
        "between": to_between,
    }


def _best_baseline(methods: Sequence[Method]) -> Method | None:
    baselines = [m for m in methods if m.name != "network" and isfinite(m.pooled.f1)]
    return max(baselines, key=lambda m: m.pooled.f1, default=None)


def _draw_curves(folder: RunFolder, results: SegmentResults, *, scan: str) -> dict[str, Markup | None]:
    summary, methods = results.summary, results.methods
    drawn = {
        "training": loss_curves(folder.history) or curves.training_curves(folder.history),
        "threshold": curves.threshold_curve(results.threshold),
        "precision_recall": curves.precision_recall_curve(summary.pr_curve if summary else None, methods),
        "froc": curves.froc_curve(summary.froc if summary else None, methods, scan=scan),
    }
    # The SVG writer has escaped the text that comes from the run.
    return {name: Markup(svg) if svg else None for name, svg in drawn.items()}


def _subject_tables(results: SegmentResults) -> list[tuple[str, Table, int]]:
    """(label, table of the first rows, number of rows) for each method, the network first."""
    labels = {m.name: m.label or m.name for m in results.methods}
    names = dict.fromkeys(row.get("method", "network") for row in results.subjects)
    tables = []
    for name in sorted(names, key=lambda name: name != "network"):
        rows = [row for row in results.subjects if row.get("method", "network") == name]
        tables.append((labels.get(name, name), subject_table(rows[:SHOWN_ROWS]), len(rows)))
    return tables
