"""A cohort of a few small volumes with bright square plaques, and what engines need around it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from building import build_evaluator, build_trainer
from classing import class_data, folder, network, selecting, trainer

from monai_mri.engines import fit
from monai_mri.manifest import create_manifest, make_splits, splits_path, write_manifest, write_splits

SHAPE = (40, 32, 3)
SUBJECTS = 6


@pytest.fixture(scope="session")
def cohort(tmp_path_factory) -> Path:
    """Manifest of six volumes of 40 x 32 x 3 voxels, 2 mm x 2 mm x 5 mm, split 4 / 1 / 1."""
    folder = tmp_path_factory.mktemp("cohort")
    for number in range(1, SUBJECTS + 1):
        _write_subject(folder / f"sub-{number:03d}", np.random.default_rng(number))
    manifest = create_manifest(
        "nifti-pairs",
        folder,
        folder / "manifest.csv",
        image_pattern="*_flair.nii.gz",
        mask_pattern="*_plaques.nii.gz",
        modality="flair",
    )
    splits = make_splits(
        manifest, test=0, validation=0, seed=0, assign={"sub-005": "validation", "sub-006": "test"}
    )
    write_splits(splits_path(manifest.path), splits)
    return manifest.path


def _write_subject(folder: Path, rng: np.random.Generator) -> None:
    folder.mkdir()
    image = rng.normal(100, 5, SHAPE).astype(np.float32)
    mask = np.zeros(SHAPE, dtype=np.uint8)
    for depth in range(2):
        row, column = rng.integers(4, 30), rng.integers(4, 22)
        mask[row : row + 5, column : column + 5, depth] = 1
    image[mask > 0] += 60
    image[:2] = 0
    affine = np.diag([2.0, 2.0, 5.0, 1.0])
    name = folder.name
    nib.save(nib.Nifti1Image(image, affine), folder / f"{name}_flair.nii.gz")
    nib.save(nib.Nifti1Image(mask, affine), folder / f"{name}_plaques.nii.gz")


@pytest.fixture
def make_trainer(cohort):
    """Builds a trainer; it can send itself SIGTERM at a step, or find NaN in a subject's tiles."""

    def make(*, stop_at: int | None = None, poisoned: str | None = None, **settings):
        from ignite.engine import Events

        trainer = build_trainer(cohort, **settings)
        if stop_at is not None:
            once = Events.ITERATION_STARTED(once=stop_at)
            trainer.add_event_handler(once, lambda _: os.kill(os.getpid(), signal.SIGTERM))
        if poisoned is not None:
            trainer.dataset.prepare()
            for sample in trainer.dataset.data.samples:
                if sample["subject_id"] == poisoned:
                    sample["image"][...] = float("nan")
            trainer.dataset.prepare = lambda: None
        network_of_last_trainer.append(trainer.network)
        return trainer

    return make


@pytest.fixture
def make_evaluator(cohort):
    """Builds an evaluator of the network of the trainer that was made last."""

    def make(*, stop_in_epoch: int | None = None, undefined_in: tuple[int, ...] = (), falling: bool = False):
        from ignite.engine import Events

        evaluator = build_evaluator(cohort, network_of_last_trainer[-1])
        if stop_in_epoch is not None:
            evaluator.add_event_handler(
                Events.STARTED, lambda engine: engine.state.epoch + 1 == stop_in_epoch and _terminate()
            )
        evaluator.add_event_handler(Events.COMPLETED, _spoil, undefined_in, falling)
        return evaluator

    return make


network_of_last_trainer: list = []


def _terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _spoil(engine, undefined_in: tuple[int, ...], falling: bool) -> None:
    epoch = engine.state.epoch
    if epoch in undefined_in:
        engine.state.metrics["val_f1"] = float("nan")
    elif falling:
        engine.state.metrics["val_f1"] = 1.0 / epoch


@pytest.fixture
def class_cohort(tmp_path: Path) -> Path:
    """Manifest of 24 people of three classes: volumes of 8 x 8 x 8 voxels whose mean tells the class."""
    rows = []
    for number in range(24):
        label = ("low", "high", "odd")[number % 3]
        rng = np.random.default_rng(number)
        image = rng.normal({"low": 0.0, "high": 2.0, "odd": 1.0}[label], 0.5, (8, 8, 8)).astype(np.float32)
        for channel, scale in (("first", 1.0), ("second", 10.0)):
            name = f"{number:02d}_{channel}.nii.gz"
            nib.save(nib.Nifti1Image(image * scale, np.eye(4)), tmp_path / name)
        names = {channel: f"{number:02d}_{channel}.nii.gz" for channel in ("first", "second")}
        rows.append({"subject_id": f"s{number:02d}", **names, "label": label})
    manifest = write_manifest(tmp_path / "m.csv", rows)
    splits = make_splits(manifest, test=6, validation=6, stratify=["label"], seed=0)
    write_splits(splits_path(manifest.path), splits)
    return manifest.path


@pytest.fixture
def trained(class_cohort, tmp_path):
    """The manifest of the cohort of classes, and the run folder of a classifier that was trained on it."""
    net, run = network(), folder(tmp_path / "run")
    fit(
        trainer(net, class_data(class_cohort, "train")),
        run_folder=run,
        evaluator=selecting(net, class_cohort),
    )
    return class_cohort, run
