"""Make one map of one image, by the name of its method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from monai_mri.engines.evaluator import Evaluator
from monai_mri.errors import ConfigError
from monai_mri.explain import METHODS, make_map, occlusion
from monai_mri.images import Picture

CLASSLESS = ("images", "summed")  # what is the same whichever class is asked for


@dataclass(frozen=True)
class MapSettings:
    """What the maps of a run have in common; see `explain_classes`."""

    methods: tuple[str, ...]
    target: int | None
    layer: str | None
    box_mm: float
    step_mm: float
    cover: float | Literal["mean"]

    @classmethod
    def checked(
        cls,
        methods: Sequence[str],
        *,
        target: int | None = None,
        layer: str | None = None,
        box_mm: float = 18.0,
        step_mm: float | None = None,
        cover: float | str = "mean",
    ) -> MapSettings:
        """The settings, a cover that is numeric text as the number; the slow occlusion comes last.

        Raises:
            ConfigError: no method, one that does not exist or stands there twice, or a setting out of range.
        """
        if isinstance(methods, str) or not methods or len(set(methods)) < len(methods):
            found = repr(methods) if isinstance(methods, str) else f"[{', '.join(map(str, methods))}]"
            raise ConfigError(
                f"methods: {found} found, expected a list of some of {', '.join(METHODS)}, once each"
            )
        for method in methods:
            if method not in METHODS:
                raise ConfigError(f"methods: {method!r} found, expected some of {', '.join(METHODS)}")
        if not (box_mm > 0 and isfinite(box_mm)):
            raise ConfigError(f"occlusion_box_mm: {box_mm} found, expected a length above 0")
        step_mm = box_mm if step_mm is None else step_mm
        if not 0 < step_mm <= box_mm:
            raise ConfigError(
                f"occlusion_step_mm: {step_mm} found, expected above 0 and at most occlusion_box_mm {box_mm}"
            )
        ordered = sorted(methods, key=lambda method: method == "occlusion")
        return cls(tuple(ordered), target, layer, box_mm, step_mm, _cover(cover))


class MapMaker:
    """Explains the network of an evaluator; the occlusion knows the voxels' size and what covers."""

    def __init__(self, evaluator: Evaluator, settings: MapSettings) -> None:
        self.evaluator, self.settings = evaluator, settings
        self._mean: Tensor | None = None

    def make(self, method: str, volume: Any, picture: Picture) -> NDArray[np.float32]:
        """One map, float32 (I, J, K), of an image (C, I, J, K)."""
        network, settings = self.evaluator.network, self.settings
        tensor = volume.as_tensor()[None].to(self.evaluator.state.device)
        if method != "occlusion":
            return make_map(method, network, tensor, target=settings.target, layer=settings.layer)
        return occlusion(
            network,
            tensor,
            target=settings.target,
            size=self._in_voxels(settings.box_mm, picture),
            stride=self._in_voxels(settings.step_mm, picture),
            baseline=self._cover(),
            measure="margin",
            batch_size=8,
        )

    def require_box(self, picture: Picture) -> None:
        """Make sure that the occlusion's box is smaller than the image.

        Raises:
            ConfigError: it covers the whole image, so that its map would be constant.
        """
        if "occlusion" not in self.settings.methods:
            return
        size, shape = self._in_voxels(self.settings.box_mm, picture), picture.array.shape[-3:]
        if all(edge >= length for edge, length in zip(size, shape, strict=True)):
            raise ConfigError(
                f"occlusion_box_mm: {self.settings.box_mm:g} mm cover all {' x '.join(map(str, shape))} "
                f"voxels of {picture.path}, expected a box smaller than the image; its map would be constant"
            )

    def _in_voxels(self, length_mm: float, picture: Picture) -> list[int]:
        """A length along each axis, at least one voxel."""
        spacing_mm = picture.spacing_mm or (1.0, 1.0, 1.0)
        return [max(1, round(length_mm / mm)) for mm in spacing_mm]

    def _cover(self) -> float | Tensor:
        if not isinstance(self.settings.cover, str):
            return self.settings.cover
        if self._mean is None:
            self._mean = self._mean_image()
        return self._mean

    def _mean_image(self) -> Tensor:
        """The mean of all images, (1, C, I, J, K)."""
        dataset = self.evaluator.dataset
        images = (dataset[place]["image"].as_tensor() for place in range(len(dataset)))
        total = next(images).to(torch.float64)
        for image in images:
            if image.shape != total.shape:
                raise ConfigError(
                    f"occlusion_cover: mean needs images of one shape, found {tuple(image.shape)} and "
                    f"{tuple(total.shape)}; give a number"
                )
            total = total + image
        mean: Tensor = (total / len(dataset)).to(torch.float32)[None]
        return mean


def _cover(cover: float | str) -> float | Literal["mean"]:
    if cover == "mean":
        return "mean"
    try:
        value = float(cover)
    except (TypeError, ValueError):
        value = float("nan")
    if not isfinite(value):
        raise ConfigError(f"occlusion_cover: {cover!r} found, expected a number or mean")
    return value
