"""Forms that a manifest can be written in. One module each, found by itself.

A module has a function `convert(manifest, out, *, option="text", …) -> Converted` whose docstring's first
line is what help shows; it writes `out` whole or not at all, and may replace what is there. The module
`decathlon` is the form "decathlon". Nothing is registered anywhere.
"""

from monai_mri.manifest.convert._inputs import refuse_manifest_files
from monai_mri.manifest.convert._registry import Form, available, convert_manifest, find
from monai_mri.manifest.convert._result import Converted

__all__ = ["Converted", "Form", "available", "convert_manifest", "find", "refuse_manifest_files"]
