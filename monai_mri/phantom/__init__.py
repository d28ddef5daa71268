"""Synthetic cohorts with a known answer, on MNI anatomy."""

from monai_mri.phantom.cohort import make_plaque_cohort
from monai_mri.phantom.grid import Grid
from monai_mri.phantom.lesion_cohort import make_lesion_cohort
from monai_mri.phantom.migraine_cohort import make_migraine_cohort
from monai_mri.phantom.nmosd_cohort import make_nmosd_cohort
from monai_mri.phantom.regions import REGIONS, white_matter_regions
from monai_mri.phantom.subject import Subject, make_subject
from monai_mri.phantom.tumour_cohort import make_tumour_cohort

__all__ = [
    "REGIONS",
    "Grid",
    "Subject",
    "make_lesion_cohort",
    "make_migraine_cohort",
    "make_nmosd_cohort",
    "make_plaque_cohort",
    "make_subject",
    "make_tumour_cohort",
    "white_matter_regions",
]
