"""Resize 2D images and masks so that everything stays where it is."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import MapTransform
from torch import Tensor
from torch.nn.functional import interpolate

from monai_mri.errors import ConfigError, ImageError
from monai_mri.transforms.cube import plain_tensor

HALF = 0.5 - 1e-9  # a half that rounding made a little less is one


def resize_image(image: Tensor, size: Sequence[int]) -> Tensor:
    """An image of another size, bilinear; made smaller, it is smoothed first, so that nothing is skipped.

    Old and new picture cover the same square: the outer edges of the pixels stay, not the centres of the
    outer pixels.

    Args:
        image: (C, H, W) or (B, C, H, W), any floating type; of maps, too, such as logits.
        size: rows and columns of the result.

    Returns:
        ``(…, *size)``, of that type and on that device; the input itself where the size is the same.

    Raises:
        ImageError: another number of axes.

    >>> resize_image(torch.tensor([[[0.0, 4.0]]]), (1, 4)).tolist()
    [[[0.0, 1.0, 3.0, 4.0]]]
    """
    _require_2d(image)
    if tuple(image.shape[-2:]) == tuple(size):
        return image
    if image.ndim == 3:
        return _bilinear(image[None], size)[0]
    return _bilinear(image, size)


def resize_mask(mask: Tensor, size: Sequence[int]) -> Tensor:
    """A mask of another size: marked where `resize_image` makes at least one half of it.

    So it stays where the image stays, to a part of a pixel. Made smaller, what covers less than half of a new
    pixel is lost.

    Args:
        mask: (C, H, W) or (B, C, H, W), any type; what is above 0 is marked.
        size: rows and columns of the result.

    Returns:
        ``(…, *size)``, 0 and 1 of that type and on that device; the input itself where the size is the same.

    Raises:
        ImageError: another number of axes.

    >>> resize_mask(torch.tensor([[[True, False]]]), (1, 4)).tolist()
    [[[True, True, False, False]]]
    """
    _require_2d(mask)
    if tuple(mask.shape[-2:]) == tuple(size):
        return mask
    return (resize_image((mask > 0).double(), size) >= HALF).to(mask.dtype)


class ResizeImaged(MapTransform):
    """`resize_image` and `resize_mask` for MONAI's data dictionaries.

    A plain tensor stays one; of a `MetaTensor` the spacing, where known, and the affine are changed, too.
    Nothing is drawn at random, so it can stand before random transforms in `augment`.

    Args:
        keys: keys of images and masks (C, H, W), or 3D volumes cut into slices.
        mask_keys: those of them that are masks.
        spatial_size: rows and columns, such as [256, 256].
        allow_missing: whether a sample may lack a key.

    Raises:
        ConfigError: `spatial_size` is not two whole numbers of at least 1, or `mask_keys` are not in `keys`.
        ImageError: an image has another number of axes; names the file.
    """

    def __init__(
        self,
        keys: str | Sequence[str],
        *,
        mask_keys: str | Sequence[str] = (),
        spatial_size: Sequence[int],
        allow_missing: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys=allow_missing)
        self.mask_keys = (mask_keys,) if isinstance(mask_keys, str) else tuple(mask_keys)
        self.spatial_size = require_size(spatial_size, "ResizeImaged")
        if strange := [key for key in self.mask_keys if key not in self.keys]:
            raise ConfigError(
                f"ResizeImaged: mask_keys holds {strange[0]!r}, expected keys of "
                f"{', '.join(map(str, self.keys))}; add it to keys"
            )

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Resize one sample."""
        sample = dict(data)
        for key in self.key_iterator(sample):
            try:
                sample[key] = self._resized(sample[key], mask=key in self.mask_keys)
            except ImageError as error:
                meta = getattr(sample[key], "meta", {})
                name = meta.get("filename_or_obj", sample.get("sample_id", key))
                raise ImageError(f"{name}: {error}") from None
        return sample

    def _resized(self, image: Tensor, *, mask: bool) -> Tensor:
        plain = plain_tensor(image)
        if plain.ndim != 3:
            raise ImageError(f"shape {tuple(plain.shape)} found, expected (C, H, W); cut volumes into slices")
        resized = (resize_mask if mask else resize_image)(plain, self.spatial_size)
        if resized is plain or not isinstance(image, MetaTensor):
            return image if resized is plain else resized
        steps = [old / new for old, new in zip(plain.shape[-2:], self.spatial_size, strict=True)]
        result: Tensor = MetaTensor(resized, meta=_stretched(image, steps))
        return result


def require_size(size: Sequence[int], where: str) -> tuple[int, int]:
    """Rows and columns.

    Raises:
        ConfigError: not two whole numbers of at least 1; names `where`.
    """
    try:
        found = tuple(int(side) for side in size)
    except (TypeError, ValueError):
        found = ()
    if len(found) != 2 or min(found) < 1 or found != tuple(size):
        raise ConfigError(
            f"{where}: spatial_size is {size!r}, expected rows and columns, such as [256, 256]; correct it"
        )
    return found[0], found[1]


def _stretched(image: MetaTensor, steps: Sequence[float]) -> dict[str, Any]:
    """The meta of a picture whose new pixels are so many old ones wide, along each of its two axes."""
    meta = dict(image.meta)
    if "spacing_mm" in meta:
        meta["spacing_mm"] = np.asarray(meta["spacing_mm"]) * np.asarray(steps)
    if "spatial_shape" in meta:
        meta["spatial_shape"] = np.rint(np.asarray(meta["spatial_shape"]) / steps).astype(int)
    to_old = torch.eye(4, dtype=image.affine.dtype)
    for axis, step in enumerate(steps):
        to_old[axis, axis], to_old[axis, 3] = step, (step - 1) / 2
    meta["affine"] = image.affine @ to_old.to(image.affine.device)
    return meta


def _bilinear(images: Tensor, size: Sequence[int]) -> Tensor:
    half = images.dtype in (torch.float16, torch.bfloat16)  # which the CPU cannot smooth
    resized = interpolate(
        images.float() if half else images, tuple(size), mode="bilinear", align_corners=False, antialias=True
    )
    return resized.to(images.dtype)


def _require_2d(image: Tensor) -> None:
    if image.ndim not in (3, 4):
        raise ImageError(
            f"shape {tuple(image.shape)} found, expected (C, H, W) or (B, C, H, W); add or cut axes"
        )
