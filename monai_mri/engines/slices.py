"""Axial slices of volumes, and pictures as the one slice that they are."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from monai.data import MetaTensor
from torch.utils.data import Dataset

from monai_mri.engines.dataset import ManifestDataset, Sample
from monai_mri.errors import ConfigError, ManifestError

Which = Literal["all", "with_lesion"]


class SliceDataset(Dataset[Sample]):
    """The 2D slices of a dataset of volumes (1, I, J, K) and pictures (1, H, W).

    A volume gives its planes along the last axis, which is axial in RAS order; every tensor of its shape is
    cut alike. `sample_id` gets the plane's number, `spacing_mm` loses its last entry.

    Args:
        data: the images.
        slices: "all", or "with_lesion" for the slices whose mask is not empty, as the plaque paper takes
            them.

    Raises:
        ManifestError: there is no such slice.
    """

    def __init__(self, *, data: ManifestDataset, slices: Which = "all") -> None:
        if slices not in ("all", "with_lesion"):
            raise ConfigError(f"slices: {slices!r} found, expected 'all' or 'with_lesion'")
        self.data, self.slices = data, slices
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

    def __getitem__(self, index: int) -> Sample:
        """One slice: image and label (1, H, W)."""
        return dict(self.samples[index])

    def prepare(self) -> None:
        """Read and cut all images now."""
        if self._samples is None:
            self.data.prepare()
            self._samples = self._cut()

    def _cut(self) -> list[Sample]:
        found = [piece for index in range(len(self.data)) for piece in planes(self.data[index])]
        if self.slices == "with_lesion":
            found = [piece for piece in found if "label" in piece and bool(piece["label"].any())]
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
            "image_id": sample["sample_id"],
            "plane": depth,
        }
        for depth in range(shape[-1])
    ]


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
