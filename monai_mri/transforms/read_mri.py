"""`read_image` and `read_mask` for MONAI's data dictionaries."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import MapTransform

from monai_mri.errors import ConfigError, ImageError
from monai_mri.faults import Fault
from monai_mri.images.picture import NiftiGrid, Picture, check_same_grid
from monai_mri.images.raster import SIDEWAYS
from monai_mri.images.read import lesions, read_colour, read_image

CHANNELS = "\0channels"  # of a sample: column of each file, by key; no column of a CSV file can be called so
MASK_CHANNELS = "mask_channels"  # of an image's meta: numbers of the channels that are lesion maps


class ReadMRId(MapTransform):
    """Turn the paths of a sample into tensors.

    Each key becomes a `MetaTensor` of float32, (1, I, J, K) in RAS order for NIfTI or (1, H, W) for a
    picture; a list of paths becomes as many channels, with the meta of the first. Masks hold 0 and 1. Images
    and masks of one sample must share one grid. The meta holds
    ``filename_or_obj``, ``affine``, ``spacing_mm`` (nan where unknown), ``full_scale`` (255 for pictures of 8
    bits, else nan), ``kind`` and the grid on disk, so that `picture_of` can give back what the functions of
    `save` need.

    With `colour` one picture under an image key becomes (3, H, W), red, green and blue; a grey one is copied
    into all three. NIfTI, masks and lists of paths are read as without it: there a path is a channel.

    With `mask_channels` the files of these columns are read as masks wherever they stand among the channels
    of an image: 0 and 1, by the rules of `read_mask`. The meta of each image then holds under
    ``mask_channels`` the numbers of those channels. Which column a file is of, the sample says under
    `CHANNELS`, as those of `ManifestDataset` do.

    The files of the first key, masks last, are those whose grid the others must share.

    Args:
        keys: Keys that hold paths, masks included.
        mask_keys: Those of them that are masks.
        allow_missing: Whether a sample may lack a mask; its key is then left out of the result.
        colour: Whether to read pictures in colour.
        mask_channels: Columns of the manifest whose files are lesion maps; None where none is looked for.

    Raises:
        ConfigError: a sample does not say of which columns its files are, and `mask_channels` asks for it.
        ImageError: a path is missing, a file cannot be read, or grids differ (E209).
    """

    def __init__(
        self,
        keys: str | Sequence[str],
        *,
        mask_keys: str | Sequence[str] = ("mask",),
        allow_missing: bool = False,
        colour: bool = False,
        mask_channels: Sequence[str] | None = None,
    ) -> None:
        super().__init__(keys)
        self.mask_channels = None if mask_channels is None else tuple(mask_channels)
        self.mask_keys = (mask_keys,) if isinstance(mask_keys, str) else tuple(mask_keys)
        self.allow_missing, self.colour = allow_missing, colour

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Read the paths of one sample; other keys are passed on."""
        sample = dict(data)
        columns = sample.pop(CHANNELS, {})
        first: Picture | None = None
        for key in sorted(self.keys, key=lambda key: key in self.mask_keys):
            if not sample.get(key):
                self._leave_out(sample, key)
                continue
            paths = sample[key] if isinstance(sample[key], (list, tuple)) else [sample[key]]
            masks = self._are_masks(key, len(paths), columns)
            if self.colour and len(paths) == 1 and not masks[0]:
                pictures = _read_colour(Path(paths[0]), like=first)
            else:
                pictures = []
                for path, mask in zip(paths, masks, strict=True):
                    like = first or (pictures[0] if pictures else None)
                    pictures.append(_read(Path(path), mask=mask, like=like))
            first = first or pictures[0]
            sample[key] = _stacked(pictures)
            if self.mask_channels is not None:
                sample[key].meta[MASK_CHANNELS] = tuple(n for n, mask in enumerate(masks) if mask)
        return sample

    def _are_masks(
        self, key: Hashable, count: int, columns: Mapping[Hashable, Sequence[str]]
    ) -> Sequence[bool]:
        """Whether each of the files of a key is to be read as a mask."""
        if key in self.mask_keys or self.mask_channels is None:
            return [key in self.mask_keys] * count
        if len(columns.get(key, ())) != count:
            raise ConfigError(
                f"mask_channels: the sample does not say of which columns the {count} files under {key!r} "
                "are, expected one of ManifestDataset; leave mask_channels out, or give it such samples"
            )
        return [column in self.mask_channels for column in columns[key]]

    def _leave_out(self, sample: dict[Hashable, Any], key: Hashable) -> None:
        if not (self.allow_missing and key in self.mask_keys):
            name = sample.get("sample_id", sample.get("subject_id", "sample"))
            raise ImageError(f"{name}: no path under {key!r}, expected an image file; complete the manifest")
        sample.pop(key, None)


def _stacked(pictures: Sequence[Picture]) -> MetaTensor:
    first = to_meta_tensor(pictures[0])
    if len(pictures) == 1:
        return first
    stacked = torch.cat([torch.from_numpy(picture.array[None]) for picture in pictures])
    scales = {picture.full_scale for picture in pictures}
    return MetaTensor(
        stacked, meta=first.meta | {"full_scale": scales.pop() if len(scales) == 1 else math.nan}
    )


def to_meta_tensor(picture: Picture) -> MetaTensor:
    """A picture as a float32 `MetaTensor` with one channel; `picture_of` undoes it."""
    dimensions = picture.array.ndim
    meta: dict[str, Any] = {
        "filename_or_obj": str(picture.path),
        "kind": picture.kind,
        "space": "RAS",
        "original_channel_dim": "no_channel",
        "spatial_shape": np.array(picture.array.shape),
        "spacing_mm": np.array(picture.spacing_mm or (float("nan"),) * dimensions),
        "full_scale": picture.full_scale,
    }
    if picture.grid is not None:
        meta |= {
            "original_shape": np.array(picture.grid.shape),
            "original_affine": picture.grid.affine,
            "original_orientation": picture.grid.orientation,
            "original_header": picture.grid.header,
        }
    affine = torch.eye(4, dtype=torch.float64) if picture.affine is None else torch.as_tensor(picture.affine)
    return MetaTensor(torch.from_numpy(picture.array[None].copy()), affine=affine, meta=meta)


def picture_of(tensor: MetaTensor) -> Picture:
    """The picture that `to_meta_tensor` made one sample (1, …) of, for writing a result on its grid."""
    meta = tensor.meta
    nifti = meta["kind"] == "nifti"
    grid = None
    if nifti:
        grid = NiftiGrid(
            shape=tuple(int(length) for length in meta["original_shape"]),
            affine=np.asarray(meta["original_affine"], dtype=np.float64),
            orientation=str(meta["original_orientation"]),
            header=bytes(meta["original_header"]),
        )
    return Picture(
        array=np.asarray(tensor[0].cpu(), dtype=np.float32),
        affine=np.asarray(tensor.affine.cpu(), dtype=np.float64) if nifti else None,
        spacing_mm=tuple(float(size) for size in meta["spacing_mm"]) if nifti else None,
        path=Path(meta["filename_or_obj"]),
        kind="nifti" if nifti else "picture",
        grid=grid,
        full_scale=float(meta.get("full_scale", math.nan)),
    )


def _read(path: Path, *, mask: bool, like: Picture | None) -> Picture:
    picture = read_image(path)
    if like is not None:
        _check_same_place(like, picture)
    if not mask:
        return picture
    return replace(picture, array=lesions(picture).astype(np.float32), full_scale=1.0)


def _read_colour(path: Path, *, like: Picture | None) -> list[Picture]:
    pictures = list(read_colour(path))
    if like is not None:
        _check_same_place(like, pictures[0])
    return pictures


def _check_same_place(first: Picture, other: Picture) -> None:
    """Make sure that two files share one grid, and that both are upright.

    A file that another program saved may lack the tag that turns its fellow. Only where one lay on its side
    and is not square does the size tell that both are upright now.
    """
    check_same_grid(first, other)
    turns = first.exif_turn, other.exif_turn
    sideways = [turn in SIDEWAYS for turn in turns]
    told = 1 in turns and any(sideways) and len(set(first.array.shape)) > 1
    if turns[0] != turns[1] and not told:
        found = f"turned by its orientation tag {other.exif_turn}" if other.exif_turn > 1 else "not turned"
        tag = f"tag {first.exif_turn}" if first.exif_turn > 1 else "no tag"
        todo = "see that they fit, and save both upright, without the tag"
        expected = f"{tag} as {first.path} has, or nobody knows whether both are upright"
        raise Fault("E209", str(other.path), found, expected, todo).error(ImageError)
