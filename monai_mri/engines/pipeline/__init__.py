"""The brain-tumour study's pipeline: classify each slice, and segment those that show a tumour."""

from monai_mri.engines.pipeline.dataset import PipelineDataset
from monai_mri.engines.pipeline.two_stages import classify_then_segment

__all__ = ["PipelineDataset", "classify_then_segment"]
