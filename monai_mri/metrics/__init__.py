"""Scores of segmentations: overlap, surface distances, lesion detection, thresholds, tables.

Everything takes NumPy arrays and returns plain numbers; an undefined score is nan.
"""

from __future__ import annotations

from monai_mri.metrics.froc import FrocAccumulator, FrocCurve, froc_curve
from monai_mri.metrics.lesions import LesionScores, lesion_scores
from monai_mri.metrics.overlap import Counts, count_voxels, dice, f1, is_collapsed, jaccard, precision, recall
from monai_mri.metrics.segmentation import segmentation_scores
from monai_mri.metrics.surface import SurfaceDistances, directed_surface_distances_mm, surface_distances_mm
from monai_mri.metrics.table import ScanSummary, ScoreSummary, summarise_scores
from monai_mri.metrics.threshold import ThresholdChoice, ThresholdCurve, ThresholdHistogram

__all__ = [
    "Counts",
    "FrocAccumulator",
    "FrocCurve",
    "LesionScores",
    "ScanSummary",
    "ScoreSummary",
    "SurfaceDistances",
    "ThresholdChoice",
    "ThresholdCurve",
    "ThresholdHistogram",
    "count_voxels",
    "dice",
    "directed_surface_distances_mm",
    "f1",
    "froc_curve",
    "is_collapsed",
    "jaccard",
    "lesion_scores",
    "precision",
    "recall",
    "segmentation_scores",
    "summarise_scores",
    "surface_distances_mm",
]
