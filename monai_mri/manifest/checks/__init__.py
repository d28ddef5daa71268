"""Look for what is wrong with a manifest and its images, all of it in one pass."""

from monai_mri.manifest.checks.finding import Finding

__all__ = ["Finding"]
