"""Import timm, also where the installed torchvision was built for another PyTorch, as beside a CPU build."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import torch

from monai_mri.errors import ConfigError

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_INSTALL = "run pip install 'monai-mri[imagenet]'"


def import_timm() -> ModuleType:
    """The package timm, which the extra `imagenet` brings.

    Raises:
        ConfigError: timm or torchvision is not installed, or cannot be imported.
    """
    try:
        import_torchvision()
        return import_module("timm")
    except (ImportError, RuntimeError) as error:
        raise ConfigError(f"timm cannot be imported ({error}); {_INSTALL}") from error


def import_torchvision() -> ModuleType:
    """The package torchvision, without its compiled operators where they do not fit the installed PyTorch.

    The wheels of torchvision on the usual index are linked with CUDA. Beside a PyTorch for CPUs their library
    does not load, so the operator that torchvision registers a shape rule for is unknown and the import ends
    in a RuntimeError. Its models and transforms need no such operator; only their schemas are defined here.
    Nothing is done where torchvision loads by itself.

    Raises:
        ImportError: torchvision is not installed, or fails for another reason.
    """
    if find_spec("torchvision") is None:
        raise ImportError("No module named 'torchvision'")
    try:
        return import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise ImportError(f"torchvision: {error}") from error
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]  # what is left of the import that failed
    _define_operators()
    return import_module("torchvision")


@cache
def _define_operators() -> torch.library.Library:
    """Schemas without a kernel; the library lives as long as the cache, and the operators with it."""
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call]
    return library
