"""Look for what is wrong with a manifest and its images, all of it in one pass."""

from monai_mri.manifest.checks.cache import default_cache_folder
from monai_mri.manifest.checks.check import CheckResult, check_manifest
from monai_mri.manifest.checks.facts import DEPTHS
from monai_mri.manifest.checks.finding import Finding
from monai_mri.manifest.checks.pairs import draw_pairs

__all__ = [
    "DEPTHS",
    "CheckResult",
    "Finding",
    "check_manifest",
    "default_cache_folder",
    "draw_pairs",
]
