"""Who is in a cohort: the first table of a paper, per part, and how far the parts differ."""

from monai_mri.manifest.summary.cohort import summarise_manifest
from monai_mri.manifest.summary.differences import categorical_difference, continuous_difference
from monai_mri.manifest.summary.masking import mask_cohort
from monai_mri.manifest.summary.model import (
    Categorical,
    Cohort,
    Continuous,
    Cross,
    Group,
    Histogram,
    Missingness,
    Numbers,
)
from monai_mri.manifest.summary.render import Line, as_csv, as_json, as_text, table_lines

__all__ = [
    "Categorical",
    "Cohort",
    "Continuous",
    "Cross",
    "Group",
    "Histogram",
    "Line",
    "Missingness",
    "Numbers",
    "as_csv",
    "as_json",
    "as_text",
    "categorical_difference",
    "continuous_difference",
    "mask_cohort",
    "summarise_manifest",
    "table_lines",
]
