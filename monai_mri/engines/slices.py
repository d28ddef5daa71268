"""Axial slices of volumes, and pictures as the one slice that they are."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from monai.data import MetaTensor
from torch import Tensor
from torch.utils.data import Dataset

from monai_mri.engines.console import say
from monai_mri.engines.dataset import ManifestDataset, Sample
from monai_mri.engines.equal_channels import own_copy
from monai_mri.engines.sampling import EpochIndex
from monai_mri.engines.seeding import generator
from monai_mri.errors import ConfigError, ManifestError
from monai_mri.transforms.cube import plain_tensor

VOLUME, PLANE = "\0volume", "\0plane"  # of a sample; no column of a CSV file can be called so
Which = Literal["all", "with_mask", "with_lesion"]


class SliceDataset(Dataset[Sample]):
    """The 2D slices of a dataset of volumes (C, I, J, K) and pictures (C, H, W).

    A volume gives its planes along the last axis, which is axial in RAS order; every tensor of its shape is
    cut alike. `sample_id` gets the plane's number, `spacing_mm` loses its last entry; the
    `sample_id` of the volume stands under `VOLUME` and the number, from 0, under `PLANE`.

    With an (epoch, index) pair a slice is what a training step takes: image and label (0 and 1, float32) as
    plain tensors, sample_id and subject_id, after the random transforms of `augment`, which are a pure
    function of (seed, epoch, index). What is kept in memory is never written on.

    Args:
        data: the images.
        slices: "all"; "with_mask" for the slices whose mask is known, be it empty; or "with_lesion" for those
            whose mask is not empty, as the plaque paper takes them. How many have no mask is said.
        augment: MONAI's random transforms of image (C, H, W) and label (1, H, W); deterministic ones such as
            `ResizeImaged` may stand among them.
        seed: seed of `augment`.

    Raises:
        ManifestError: there is no such slice, or in training one has no mask.
        ConfigError: `augment` gives a label other values than 0 and 1.
    """

    def __init__(
        self, *, data: ManifestDataset, slices: Which = "all", augment: Any = None, seed: int = 0
    ) -> None:
        if slices not in (known := get_args(Which)):
            raise ConfigError(f"slices: {slices!r} found, expected one of {', '.join(known)}")
        self.data, self.slices, self.augment, self.seed = data, slices, augment, seed
        self._masked = False
        self._samples: list[Sample] | None = None

    @property
    def samples(self) -> list[Sample]:
        """All slices; reads the images when first asked for."""
        if self._samples is None:
            self._samples = self._cut()
        return self._samples

    @property
    def subjects(self) -> list[str]:
        """Subjects of the underlying images, sorted."""
        return self.data.subjects

    def __len__(self) -> int:
        """Number of slices."""
        return len(self.samples)

    def __getitem__(self, index: int | EpochIndex) -> Sample:
        """One slice: image (C, H, W) and label (1, H, W); with an (epoch, index) pair that of a step."""
        if isinstance(index, tuple):
            return self._of_step(*index)
        return dict(self.samples[index])

    def prepare(self) -> None:
        """Read and cut all images now."""
        if self._samples is None:
            self.data.prepare()
            self._samples = self._cut()

    def _of_step(self, epoch: int, index: int) -> Sample:
        self._require_masks()
        sample = self.samples[index]
        step = {key: plain_tensor(sample[key]) for key in ("image", "label")}
        step["label"] = (step["label"] > 0).float()
        if self.augment is not None:
            step["image"] = own_copy(step["image"])
            self.augment.set_random_state(
                seed=int(generator(self.seed, "augment", epoch, index).integers(2**32))
            )
            augmented = self.augment(step)
            step = {key: plain_tensor(augmented[key]) for key in ("image", "label")}
            _require_mask_values(step["label"], sample["sample_id"])
        return step | {"sample_id": sample["sample_id"], "subject_id": sample["subject_id"]}

    def _require_masks(self) -> None:
        """All at once, so that a training does not end in the middle of its first epoch."""
        if self._masked:
            return
        if bare := [sample["sample_id"] for sample in self.samples if "label" not in sample]:
            raise ManifestError(
                f"{bare[0]}: no mask, needed for training, as for {len(bare) - 1} more slices; "
                "add it to the manifest"
            )
        self._masked = True

    def _cut(self) -> list[Sample]:
        found = [piece for index in range(len(self.data)) for piece in planes(self.data[index])]
        if self.slices != "all":
            masked = [piece for piece in found if "label" in piece]
            if bare := len(found) - len(masked):
                say(f"left out of {self.data.part}: {bare} of {len(found)} slices, which have no mask")
            found = [piece for piece in masked if self.slices == "with_mask" or bool(piece["label"].any())]
        if not found:
            raise ManifestError(
                f"{self.data.manifest_path}: no slice {self.slices.replace('_', ' ')} in part "
                f"{self.data.part!r}; "
                "look at the masks with monai-mri manifest show"
            )
        return found


def planes(sample: Sample) -> list[Sample]:
    """The planes of a sample along its third spatial axis; a 2D sample is returned as it is."""
    image = sample["image"]
    if image.ndim == 3:  # a channel and two axes
        return [sample]
    shape = image.shape[1:]
    cut = {key for key, value in sample.items() if getattr(value, "shape", ())[1:] == shape}
    return [
        {key: _plane(value, depth) if key in cut else value for key, value in sample.items()}
        | {
            "sample_id": f"{sample['sample_id']}_z{depth:03d}",
            VOLUME: sample["sample_id"],
            PLANE: depth,
        }
        for depth in range(shape[-1])
    ]


def turned(plane: Tensor) -> Tensor:
    """A plane of a volume (…, right, anterior) as radiologists look at it, or such a view as the plane again.

    Rows then go from front to back, columns from the patient's right to the left, as in pictures of slices.

    >>> import torch
    >>> turned(torch.tensor([[1, 2, 3], [4, 5, 6]])).tolist()
    [[6, 3], [5, 2], [4, 1]]
    >>> turned(turned(torch.tensor([[1, 2, 3], [4, 5, 6]]))).tolist()
    [[1, 2, 3], [4, 5, 6]]
    """
    view: Tensor = plain_tensor(plane).flip(-2, -1).transpose(-2, -1).contiguous()
    if not isinstance(plane, MetaTensor):
        return view
    meta = dict(plane.meta)
    if "spacing_mm" in meta:
        meta["spacing_mm"] = np.asarray(meta["spacing_mm"])[::-1].copy()
    result: Tensor = MetaTensor(view, meta=meta)
    return result


def _require_mask_values(label: Tensor, name: str) -> None:
    if not bool(((label == 0) | (label == 1)).all()):
        found = f"values from {float(label.min()):g} to {float(label.max()):g}"
        raise ConfigError(
            f"{name}: after augment its label has {found}, expected 0 and 1 alone; "
            "set the label's mode to nearest, and change the intensity of the image only"
        )


def _plane(volume: Any, depth: int) -> Any:
    """One plane; what is known of the volume's grid stays with it as far as it holds for a plane."""
    if not isinstance(volume, MetaTensor):
        return volume[..., depth]
    meta = {
        "filename_or_obj": volume.meta["filename_or_obj"],
        "kind": "picture",
        "spacing_mm": np.asarray(volume.meta["spacing_mm"])[:2],
    }
    return MetaTensor(volume.as_tensor()[..., depth], meta=meta)
