"""Layouts: how the images of a study lie on disk. One module each, found by itself.

A layout module has a function `collect(root, *, option=default, …) -> Collected` whose docstring's
first line is what help shows, and may have `PRESETS`: a name → option values of a known data set.
The module `image_pairs` is the layout "image-pairs". Nothing is registered anywhere.
"""

from monai_mri.manifest.layouts._registry import Layout, available, find
from monai_mri.manifest.layouts._samples import Collected, Sample

__all__ = ["Collected", "Layout", "Sample", "available", "find"]
