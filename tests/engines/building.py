"""Small trainers and evaluators over the cohort of `conftest.py`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch
from monai.losses import DiceCELoss
from monai.transforms import Activationsd, Compose, CopyItemsd, NormalizeIntensityd, ScaleIntensityd

from monai_mri.engines import (
    AxialInferer,
    BestF1,
    Evaluator,
    ManifestDataset,
    SliceDataset,
    TileDataset,
    Trainer,
    initialize,
)
from monai_mri.networks import PlaqueFCN
from monai_mri.transforms import ReadMRId

FILTERS = (4, 4, 4, 4, 4)


def build_dataset(cohort: Path, part: str) -> ManifestDataset:
    """The images of a part, normalised, with the raw image under "raw"."""
    transform = Compose(
        [
            ReadMRId(keys=("image", "label"), mask_keys="label"),
            CopyItemsd(keys="image", names="raw"),
            ScaleIntensityd(keys="raw", minv=0.0, maxv=1.0),
            NormalizeIntensityd(keys="image", nonzero=True),
        ]
    )
    return ManifestDataset(manifest=cohort, part=part, images=["flair"], transform=transform)


def build_tiles(cohort: Path, *, seed: int = 0) -> TileDataset:
    """Training tiles of 16 x 16 pixels, redrawn, shifted and augmented as the bundle does by default."""
    slices = SliceDataset(data=build_dataset(cohort, "train"), slices="all")
    return TileDataset(data=slices, tile_size=16, redraw=True, shift=4, augment={"gain": 0.1}, seed=seed)


def build_trainer(cohort: Path, *, max_epochs: int = 3, seed: int = 0, **settings: Any) -> Trainer:
    """A trainer of a tiny network with Adam and a cosine schedule; `settings` replace its own."""
    initialize(seed=seed)
    defaults = {
        "optimizer": partial(torch.optim.Adam, lr=0.01),
        "lr_schedule": partial(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=max_epochs),
        "loss_function": DiceCELoss(sigmoid=True, batch=True),
        "dataset": build_tiles(cohort, seed=seed),
        "batch_size": 6,
    }
    return Trainer(
        device="cpu",
        max_epochs=max_epochs,
        network=PlaqueFCN(filters=FILTERS, output="logit"),
        seed=seed,
        **(defaults | settings),
    )


def build_evaluator(cohort: Path, network: torch.nn.Module, *, part: str = "validation") -> Evaluator:
    """An evaluator over the whole volumes of a part."""
    return Evaluator(
        device="cpu",
        network=network,
        dataset=build_dataset(cohort, part),
        inferer=AxialInferer(),
        postprocessing=Activationsd(keys="pred", sigmoid=True),
        key_val_metric=BestF1(bins=256),
    )
