"""Synthetic cohorts with a known answer, on MNI anatomy."""

from monai_mri.phantom.cohort import make_plaque_cohort
from monai_mri.phantom.grid import Grid
from monai_mri.phantom.subject import Subject, make_subject

__all__ = ["Grid", "Subject", "make_plaque_cohort", "make_subject"]
