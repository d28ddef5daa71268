"""Five published MRI studies as MONAI bundles, and the tools around them."""

__version__ = "0.1.0"
