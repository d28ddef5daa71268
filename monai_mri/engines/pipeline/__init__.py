"""The brain-tumour study's pipeline: classify each slice, and segment those that show a tumour."""
