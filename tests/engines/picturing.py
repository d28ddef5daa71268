"""A cohort of slices as colour TIFFs, whose brightness is the probability of a lesion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from monai.transforms import Compose, Lambdad
from PIL import Image

from monai_mri.engines import AxialInferer, Evaluator, ManifestDataset, RunFolder, evaluate, save_weights
from monai_mri.engines.weights import WeightsRecord
from monai_mri.manifest import write_manifest
from monai_mri.transforms import ReadMRId

SLICES = 4
SHAPE = (16, 12)


class Same(torch.nn.Module):
    """Gives the image back as the map."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = torch.nn.Parameter(torch.tensor(1.0))

    def forward(self, image):
        return self.gain * image


def masks_of(subject: int, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth and prediction: slice 0 is empty, falsely marked in subject 0; slice 2 of subject 1 is missed."""
    truth, pred = np.zeros((2, *SHAPE), dtype=bool)
    if depth:
        truth[4:8, 3:7] = True
        pred[4 + depth - 1 : 8 + depth - 1, 3:7] = (subject, depth) != (1, 2)
    elif subject == 0:
        pred[:2, :3] = True
    return truth, pred


def write_pictures(folder: Path, *, subjects: int = 6, left_out=(), sessions=("1",)) -> Path:
    """Manifest of `subjects` people with four slices each; `left_out` are (subject, slice)."""
    rows = []
    for subject in range(subjects):
        for session in sessions:
            for depth in range(SLICES):
                if (subject, depth) in left_out:
                    continue
                truth, pred = masks_of(subject, depth)
                name = f"p{subject}_{session}_{depth}"
                grey = np.where(pred, 230, 20).astype(np.uint8)
                Image.fromarray(np.stack([grey] * 3, axis=2)).save(folder / f"{name}.tif")
                Image.fromarray(truth.astype(np.uint8) * 255).save(folder / f"{name}_mask.tif")
                rows.append(
                    {
                        "subject_id": f"p{subject}",
                        "session_id": session,
                        "slice_index": str(depth + 1),
                        "image": f"{name}.tif",
                        "mask": f"{name}_mask.tif",
                    }
                )
    return write_manifest(folder / "slices.csv", rows).path


def picture_data(manifest: Path, part: str = "all") -> ManifestDataset:
    """The slices of a part, scaled to [0, 1]."""
    transform = Compose(
        [
            ReadMRId(keys=("image", "label"), mask_keys="label"),
            Lambdad(keys="image", func=lambda image: image / 255),
        ]
    )
    return ManifestDataset(manifest=manifest, part=part, images=["image"], mask="mask", transform=transform)


def score(dataset, folder: Path, **settings):
    """Evaluate a network that gives the image back."""
    record = WeightsRecord(
        study="brain_tumor", network="Same", epoch=1, manifest_sha256="", splits_sha256=""
    ).with_subjects(trained_on=["somebody"])
    save_weights(Same(), folder, record)
    evaluator = Evaluator(device="cpu", network=Same(), dataset=dataset, inferer=AxialInferer())
    settings = {"threshold": 0.5, "raw_shares": (), **settings}
    return evaluate(evaluator, run_folder=RunFolder(folder, study="brain_tumor"), **settings)
