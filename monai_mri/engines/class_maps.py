"""Make one map of one image, by the name of its method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from monai_mri.engines.evaluator import Evaluator
from monai_mri.errors import ConfigError
from monai_mri.explain import make_map, occlusion
from monai_mri.images import Picture

CLASSLESS = ("images", "summed")  # what is the same whichever class is asked for


@dataclass(frozen=True)
class MapSettings:
    """What the maps of a run have in common; see `explain_classes`."""

    methods: tuple[str, ...]
    target: int | None
    layer: str | None
    box_mm: float
    cover: float | Literal["mean"]

    def __post_init__(self) -> None:
        if not self.box_mm > 0:
            raise ConfigError(f"occlusion_box_mm: {self.box_mm} found, expected a length above 0")
        if isinstance(self.cover, str) and self.cover != "mean":
            raise ConfigError(f"occlusion_cover: {self.cover!r} found, expected a number or mean")


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
        spacing_mm = picture.spacing_mm or (1.0, 1.0, 1.0)
        size = [max(1, round(settings.box_mm / mm)) for mm in spacing_mm]
        return occlusion(
            network,
            tensor,
            target=settings.target,
            size=size,
            stride=[max(1, edge // 2) for edge in size],
            baseline=self._cover(),
            measure="margin",
        )

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
