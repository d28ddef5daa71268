"""The page of a classification run: scores with intervals, confusion, curves, image by image, maps."""

from __future__ import annotations

from math import isfinite
from typing import Any

from markupsafe import Markup

from monai_mri.report.classes.callouts import alarms, hints
from monai_mri.report.classes.figures import coverage_figure, reliability_figure, roc_figure, training_figure
from monai_mri.report.classes.map_tables import group_region_table, group_table, region_tables, truth_table
from monai_mri.report.classes.maps import Maps, read_maps
from monai_mri.report.classes.pictures import draw_maps
from monai_mri.report.classes.results import ClassResults, read_class_results
from monai_mri.report.classes.tables import confusion_rows, people_table, score_table, to_interval
from monai_mri.report.classes.votes import members_table, voters_table
from monai_mri.report.kind import SHOWN_ROWS, Kind
from monai_mri.report.run_folder import Part, RunFolder

__all__ = ["KIND"]


def collect(folder: RunFolder) -> dict[str, Any]:
    """What the template shows."""
    results, maps = read_class_results(folder), read_maps(folder)
    summary = results.summary
    return {
        "summary": summary,
        "scored": (summary.part, Part(subjects=summary.subjects, images=summary.images)) if summary else None,
        "alarms": alarms(results),
        "hints": hints(folder, results, maps),
        "between": {name: to_interval(score) for name, score in summary.scores.items()} if summary else {},
        "score_table": score_table(summary) if summary and summary.scores else None,
        "voters_table": voters_table(summary.report) if summary else None,
        "members_table": members_table(summary.members) if summary else None,
        "confusion": confusion_rows(summary) if summary else [],
        "curves": _draw_curves(folder, results),
        "people": people_table(results.predictions, at_most=SHOWN_ROWS),
        "predictions": len(results.predictions),
        "wrong": sum(bool(one.truth) and not one.right for one in results.predictions),
        **_maps(maps),
    }


def looks_like_one(folder: RunFolder) -> bool:
    """Whether a run that has not been evaluated was trained on classes."""
    if any(isfinite(row.val_accuracy) for row in folder.history):
        return True
    dataset = folder.run.settings.get("dataset")
    target = dataset.get("_target_") if isinstance(dataset, dict) else None
    return str(target).endswith(".ClassDataset") or (folder.path / "explanation").is_dir()


KIND = Kind(name="classification", collect=collect, fits=looks_like_one)


def _draw_curves(folder: RunFolder, results: ClassResults) -> dict[str, Markup | None]:
    summary = results.summary
    drawn = {"training": training_figure(folder.history, folder.run.best_epoch)}
    if summary is not None:
        drawn["roc"] = roc_figure(summary, results.predictions)
        drawn["reliability"] = reliability_figure(results.predictions)
        drawn["coverage"] = coverage_figure(summary.abstention, summary.majority)
    # The SVG writer has escaped the text that comes from the run.
    return {
        name: Markup(svg) if (svg := drawn.get(name)) else None
        for name in ("training", "roc", "reliability", "coverage")
    }


def _maps(maps: Maps) -> dict[str, Any]:
    return {
        "maps": maps,
        "pictures": draw_maps(maps),
        "truth_table": truth_table(maps.summary.methods) if maps.summary else None,
        "group_table": group_table(maps.summary) if maps.summary else None,
        "group_region_table": group_region_table(maps.group_regions),
        "group_regions": sum(map(len, maps.group_regions.values())),
        "region_tables": region_tables(maps.regions),
    }
