"""Find the image of another shape by name before a network or a batch stumbles over it."""

from __future__ import annotations

from typing import Any

from torch import nn

from monai_mri.engines.class_dataset import ClassDataset
from monai_mri.engines.dataset import Sample
from monai_mri.errors import ImageError

Shape = tuple[int, ...]


def fixed_shape(network: nn.Module) -> Shape | None:
    """Voxels along I, J, K that a network of this package was made for; None where it takes any."""
    if not type(network).__module__.startswith("monai_mri."):
        return None  # MONAI's patch_size is that of a transformer
    patch, shape = getattr(network, "patch_size", None), getattr(network, "spatial_shape", None)
    if isinstance(patch, int):
        return (patch,) * 3
    if isinstance(shape, tuple) and getattr(network, "head", "") != "gap":
        return shape
    return None


def require_shapes(dataset: ClassDataset, network: nn.Module, *, alike: bool = False) -> None:
    """Make sure that the images of a part fit the network; they are read where they are not yet.

    Args:
        dataset: the images of the part.
        network: what they go through.
        alike: whether they must be of one shape where the network takes any, as in batches.

    Raises:
        ImageError: names the first file that does not fit, its shape, and the shape that was expected.
    """
    dataset.prepare()
    expected, why = fixed_shape(network), "spatial_shape or patch_size"
    if expected is None and alike:
        expected, why = _shape(dataset[1, 0]), "the shape of the first image"
    if expected is None:
        return
    fitting = {expected}
    for place in range(len(dataset)):
        sample = dataset[place]
        if _shape(sample) not in fitting and not _is_made_fit(dataset, place, expected):
            raise ImageError(other_shape(sample["image"], found=_shape(sample), expected=expected, why=why))
        fitting.add(_shape(sample))


def other_shape(
    image: Any, *, found: Shape, expected: Shape, why: str = "spatial_shape or patch_size"
) -> str:
    """The message about an image of another shape."""
    path = getattr(image, "meta", {}).get("filename_or_obj", "an image")
    return (
        f"{path}: shape {found} found, expected {expected} ({why}); resample the image, or set the network's "
        "shape"
    )


def _shape(sample: Sample) -> Shape:
    return tuple(int(side) for side in sample["image"].shape[1:])


def _is_made_fit(dataset: ClassDataset, place: int, expected: Shape) -> bool:
    """Whether augmentation, such as a crop or a resize, gives an image the shape."""
    return dataset.augment is not None and _shape(dataset[1, place]) == expected
