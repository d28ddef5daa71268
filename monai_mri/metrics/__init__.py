"""Scores of segmentations and of classes, with their thresholds, intervals and tables.

Segmentations: overlap, surface distances, lesion detection. Classes: confusion, sensitivity, AUC,
calibration, abstention, intervals by subject. Everything takes NumPy arrays and returns plain numbers; an
undefined score is nan.
"""

from __future__ import annotations

from monai_mri.metrics.abstention import (
    CoverageCurve,
    choose_abstention_threshold,
    coverage_accuracy_curve,
    risk_coverage_area,
)
from monai_mri.metrics.baseline import MajorityBaseline, majority_baseline
from monai_mri.metrics.bootstrap import BootstrapInterval, bootstrap_intervals
from monai_mri.metrics.calibration import calibration_error
from monai_mri.metrics.class_report import class_report, report_lines
from monai_mri.metrics.class_summary import summarise_classification
from monai_mri.metrics.classification import binary_auc, classification_scores
from monai_mri.metrics.confusion import confusion_matrix
from monai_mri.metrics.froc import FrocAccumulator, FrocCurve, froc_curve
from monai_mri.metrics.intervals import wilson_interval
from monai_mri.metrics.lesions import LesionScores, lesion_scores
from monai_mri.metrics.overlap import Counts, count_voxels, dice, f1, is_collapsed, jaccard, precision, recall
from monai_mri.metrics.segmentation import segmentation_scores
from monai_mri.metrics.subject_means import SubjectMean, subject_means
from monai_mri.metrics.surface import SurfaceDistances, directed_surface_distances_mm, surface_distances_mm
from monai_mri.metrics.table import ScanSummary, ScoreSummary, summarise_scores
from monai_mri.metrics.threshold import ThresholdChoice, ThresholdCurve, ThresholdHistogram
from monai_mri.metrics.voting import Agreement, Vote, agreement, majority_vote, mean_probability

__all__ = [
    "Agreement",
    "BootstrapInterval",
    "Counts",
    "CoverageCurve",
    "FrocAccumulator",
    "FrocCurve",
    "LesionScores",
    "MajorityBaseline",
    "ScanSummary",
    "ScoreSummary",
    "SubjectMean",
    "SurfaceDistances",
    "ThresholdChoice",
    "ThresholdCurve",
    "ThresholdHistogram",
    "Vote",
    "agreement",
    "binary_auc",
    "bootstrap_intervals",
    "calibration_error",
    "choose_abstention_threshold",
    "class_report",
    "classification_scores",
    "confusion_matrix",
    "count_voxels",
    "coverage_accuracy_curve",
    "dice",
    "directed_surface_distances_mm",
    "f1",
    "froc_curve",
    "is_collapsed",
    "jaccard",
    "lesion_scores",
    "majority_baseline",
    "majority_vote",
    "mean_probability",
    "precision",
    "recall",
    "report_lines",
    "risk_coverage_area",
    "segmentation_scores",
    "subject_means",
    "summarise_classification",
    "summarise_scores",
    "surface_distances_mm",
    "wilson_interval",
]
