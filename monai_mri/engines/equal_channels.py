"""Images whose channels are copies of one another, kept in memory once."""

from __future__ import annotations

from typing import Any

import torch
from monai.data import MetaTensor
from torch import Tensor

from monai_mri.transforms.cube import plain_tensor


def kept_once(value: Any) -> Any:
    """An image (C, …) of equal channels as a view of one of them; everything else as it is.

    A grey picture read in colour, or a scan that stands in for channels that were not measured, takes a third
    of its memory so. The channels lie in one place: copy them before you write on them.

    >>> kept = kept_once(torch.ones(3, 4, 5))
    >>> tuple(kept.shape), kept.untyped_storage().nbytes()
    ((3, 4, 5), 80)
    """
    if not isinstance(value, Tensor) or value.ndim < 3 or len(value) < 2:
        return value
    image = plain_tensor(value)
    if not bool((image[1:] == image[:1]).all()):
        return value
    shared = image[:1].clone().expand(image.shape)
    return MetaTensor(shared, meta=value.meta) if isinstance(value, MetaTensor) else shared


def own_copy(value: Any) -> Any:
    """A copy of a tensor to write on, also where its channels were kept once; any other value itself."""
    return value.clone(memory_format=torch.contiguous_format) if isinstance(value, Tensor) else value
