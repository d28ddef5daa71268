"""A small classifier's trainer, evaluator and run folder over the cohort of classes of `conftest.py`."""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import partial
from pathlib import Path

import nibabel
import numpy as np
import torch
from monai.inferers import SimpleInferer
from monai.transforms import Activationsd

from monai_mri.engines import (
    ClassDataset,
    ClassScores,
    Evaluator,
    ManifestDataset,
    RunFolder,
    Trainer,
    fit,
    initialize,
)
from monai_mri.engines.weights import load_weights, save_weights
from monai_mri.networks import LesionCNN
from monai_mri.transforms import ReadMRId

CLASSES = {"low": "low", "high": ["high"]}
CHANNELS = ("first", "second")


def class_data(manifest: Path, part: str, *, channels=CHANNELS, classes=CLASSES, **settings) -> ClassDataset:
    """The images of a part, with their classes."""
    images = ManifestDataset(
        manifest=manifest,
        part=part,
        images=channels,
        mask=None,
        transform=ReadMRId(keys=["image"], mask_keys=[]),
    )
    return ClassDataset(data=images, classes=classes, **settings)


def network(channels=CHANNELS) -> LesionCNN:
    """Two small convolutions that fit 8 x 8 x 8 voxels."""
    initialize(seed=0)
    return LesionCNN(in_channels=channels, patch_size=8, filters=(2, 4))


def evaluator(net, data, **settings) -> Evaluator:
    """Applies a classifier, its output as probabilities."""
    return Evaluator(
        device="cpu",
        network=net,
        dataset=data,
        inferer=SimpleInferer(),
        postprocessing=Activationsd(keys="pred", softmax=True),
        **settings,
    )


def trainer(net, data, *, epochs=6) -> Trainer:
    """Trains a classifier in small batches."""
    return Trainer(
        device="cpu",
        max_epochs=epochs,
        network=net,
        optimizer=partial(torch.optim.Adam, lr=0.02),
        loss_function=torch.nn.CrossEntropyLoss(),
        dataset=data,
        batch_size=4,
    )


def folder(path: Path) -> RunFolder:
    """Where the run writes."""
    return RunFolder(path, study="test")


def trained_run(manifest: Path, path: Path, *, epochs=3, channels=CHANNELS, **settings) -> RunFolder:
    """A run folder with the weights of a classifier."""
    net, run = network(channels), folder(path)
    fit(
        trainer(net, class_data(manifest, "train", channels=channels, **settings), epochs=epochs),
        run_folder=run,
        evaluator=selecting(net, manifest, channels=channels, **settings),
    )
    return run


def selecting(net, manifest: Path, **settings) -> Evaluator:
    """The evaluator of the validation part, with the metric that says which epoch is best."""
    return evaluator(net, class_data(manifest, "validation", **settings), key_val_metric=ClassScores())


def everyone(manifest: Path, run: RunFolder) -> Evaluator:
    """All images as if nobody was known to the weights, so that the groups are large enough to compare."""
    net = network()
    record = load_weights(net, run.root)
    save_weights(net, run.root, replace(record, subjects=(), selected_on=()))
    return evaluator(net, class_data(manifest, "all"))


def rows(path: Path) -> list[dict[str, str]]:
    """Lines of a CSV file."""
    with path.open() as stream:
        return list(csv.DictReader(stream))


def truth_mask(path: Path) -> Path:
    """A mask of a cube of 27 voxels on the images' grid."""
    truth = np.zeros((8, 8, 8), np.uint8)
    truth[2:5, 2:5, 2:5] = 1
    nibabel.save(nibabel.Nifti1Image(truth, np.eye(4)), path)
    return path
