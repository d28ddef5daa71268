"""A run folder as the engines write it, with head-like images and predictions that are partly wrong."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image

AFFINE = np.diag([-2.0, 2.0, 4.0, 1.0])
METHODS = (
    ("network", "PlaqueFCN at threshold 0.41", 0.74, 0.69),
    ("raw_50", "Raw intensity at 50 % of the maximum", 0.09, 0.61),
    ("raw_45", "Raw intensity at 45 % of the maximum", 0.06, 0.74),
    ("raw_40", "Raw intensity at 40 % of the maximum", 0.04, 0.83),
    ("raw_tuned", "Raw intensity, threshold chosen on the training slices", 0.21, 0.33),
)
SCANS = ("sub-003", "sub-007", "sub-011", "sub-019")


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Write a run folder; `scans` are sample ids, `pictures` makes PNG slices instead of volumes."""

    def make(
        *, scans: tuple[str, ...] = SCANS, pictures: bool = False, shape=(48, 56, 6), name: str = "run"
    ) -> Path:
        folder = tmp_path / name
        (folder / "evaluation" / "predictions").mkdir(parents=True)
        write_training(folder)
        samples = [
            write_sample(folder, scan, seed=n, pictures=pictures, shape=shape) for n, scan in enumerate(scans)
        ]
        write_evaluation(folder, samples)
        return folder

    return make


@pytest.fixture
def edit_json() -> Callable[..., None]:
    """Change keys of a JSON file in place."""

    def edit(path: Path, **changes: Any) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return edit


def write_training(folder: Path) -> None:
    run = {
        "study": "ms_plaque",
        "protocol": "honest",
        "seed": 7,
        "network": "PlaqueFCN",
        "parameters": 233321,
        "device": "cpu",
        "versions": {"monai_mri": "0.1.0", "torch": "2.13.0", "monai": "1.6.1", "python": "3.11.9"},
        "manifest_sha256": "5f" * 32,
        "splits_sha256": "a1" * 32,
        "parts": {
            "train": {"subjects": 14, "images": 14, "samples": 1742},
            "validation": {"subjects": 2, "images": 2, "samples": 48},
            "test": {"subjects": 4, "images": 4, "samples": 96},
        },
        "started": "2026-03-01T12:30:00+00:00",
        "seconds": 148.2,
        "peak_memory_mb": 1834.0,
        "epochs": 24,
        "settings": {"learning_rate": 2e-4, "tile_size": 50, "batch_size": 32},
        "commands": [
            "monai-mri phantom make demo/cohort --subjects 20",
            "python -m monai.bundle run --config_file bundles/ms_plaque/configs/train.yaml",
        ],
    }
    (folder / "run.json").write_text(json.dumps(run))
    with (folder / "history.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["epoch", "train_loss", "val_f1", "val_threshold", "learning_rate", "seconds"])
        noise = np.random.default_rng(0).normal(0, 0.015, 24)
        for epoch in range(1, 25):
            f1 = "" if epoch < 3 else 0.72 * (1 - np.exp(-epoch / 6)) + noise[epoch - 1]
            lines.writerow(
                [epoch, 0.9 * np.exp(-epoch / 7) + 0.12 + noise[epoch - 1] / 3, f1, 0.4, 2e-4, 6.1]
            )
    cuts = np.linspace(0.01, 0.99, 99)
    recall, precision = 1 / (1 + np.exp(7 * (cuts - 0.62))), 0.06 + 0.9 / (1 + np.exp(-7 * (cuts - 0.3)))
    f1 = 2 * precision * recall / (precision + recall)
    best = int(f1.argmax())
    threshold = {
        "threshold": cuts[best],
        "f1": f1[best],
        "precision": precision[best],
        "recall": recall[best],
        "part": "train",
        "images": 14,
        "slices": 322,
        "curve": {"threshold": [*cuts], "precision": [*precision], "recall": [*recall], "f1": [*f1]},
    }
    (folder / "threshold.json").write_text(json.dumps(threshold))


def write_sample(folder: Path, scan: str, *, seed: int, pictures: bool, shape: tuple[int, int, int]) -> dict:
    image, truth, prediction, probability = head(shape, seed=seed)
    safe = "".join(letter if letter.isalnum() or letter == "-" else "_" for letter in scan)
    data, ending = folder.parent / "data", ".png" if pictures else ".nii.gz"
    data.mkdir(exist_ok=True)
    paths = {
        "image": data / f"{safe}_flair{ending}",
        "mask": data / f"{safe}_plaques{ending}",
        "prediction": folder / "evaluation" / "predictions" / f"{safe}_mask{ending}",
        "probability": folder / "evaluation" / "predictions" / f"{safe}_probability{ending}",
    }
    arrays = {"image": image, "mask": truth, "prediction": prediction, "probability": probability}
    for name, path in paths.items():
        if pictures:
            plane = arrays[name][:, ::-1, shape[2] // 2].T
            Image.fromarray((plane.astype(np.float32) * 255).astype(np.uint8)).save(path)
        else:
            kind = np.uint8 if arrays[name].dtype == bool else np.float32
            nibabel.save(nibabel.Nifti1Image(arrays[name].astype(kind), AFFINE), path)
    common = (truth & prediction).sum()
    return {
        "sample_id": scan,
        "subject_id": scan,
        "image": str(paths["image"]),
        "mask": str(paths["mask"]),
        "prediction": paths["prediction"].relative_to(folder).as_posix(),
        "probability": paths["probability"].relative_to(folder).as_posix(),
        "f1": float(2 * common / (truth.sum() + prediction.sum())),
    }


def head(shape: tuple[int, int, int], *, seed: int) -> tuple[np.ndarray, ...]:
    """Image, truth, prediction and probability: skull, brain, ventricles and blobs beside them."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij"))
    radius = np.sqrt((grid[0] / 0.78) ** 2 + (grid[1] / 0.92) ** 2 + (grid[2] / 1.4) ** 2)
    image = 0.42 * (radius < 0.88) + 0.8 * ((radius > 0.94) & (radius < 1.0))
    for side in (-1, 1):
        image[((grid[0] - side * 0.14) / 0.09) ** 2 + (grid[1] / 0.34) ** 2 + grid[2] ** 2 < 1] = 0.12
    truth, probability = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.float32)
    for n in range(9):
        centre = rng.uniform((-0.45, -0.6, -0.6), (0.45, 0.6, 0.6))
        distance = np.sqrt(((grid - centre[:, None, None, None]) ** 2 * [[[[1]]], [[[1]]], [[[0.3]]]]).sum(0))
        size = rng.uniform(0.05, 0.12)
        if n < 7:
            truth |= distance < size
        if n > 0:
            off = size * rng.uniform(0.75, 1.2)
            probability = np.maximum(probability, 1 / (1 + np.exp((distance - off) / 0.022)))
    image = np.where(truth, 0.85, image) + rng.normal(0, 0.025, shape)
    return image.clip(0, 1).astype(np.float32), truth, probability > 0.41, probability.astype(np.float32)


def write_evaluation(folder: Path, samples: list[dict]) -> None:
    cuts = np.linspace(0.01, 0.99, 50)
    recall, precision = 1 / (1 + np.exp(6 * (cuts - 0.58))), 0.05 + 0.92 / (1 + np.exp(-7 * (cuts - 0.25)))
    summary = {
        "study": "ms_plaque",
        "protocol": "honest",
        "part": "test",
        "slices": "all",
        "threshold": 0.41,
        "threshold_part": "train",
        "collapsed": False,
        "methods": [method_summary(*method, scans=len(samples)) for method in METHODS],
        "pr_curve": {"threshold": [*cuts], "precision": [*precision], "recall": [*recall]},
        "froc": {
            "threshold": [*cuts],
            "false_per_scan": [*(60 * np.exp(-6 * cuts))],
            "sensitivity": [*(0.95 - 0.7 * cuts**1.5)],
        },
        "samples": samples,
    }
    (folder / "evaluation" / "summary.json").write_text(json.dumps(summary))
    with (folder / "evaluation" / "subjects.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        scores = ["dice", "jaccard", "precision", "recall", "f1", "hd_mm", "hd95_mm", "assd_mm"]
        lesions = [f"lesions_{name}" for name in ("truth", "detected", "missed", "false")]
        lines.writerow(["method", "sample_id", "subject_id", *scores, *lesions])
        for name, _, precision_, recall_ in METHODS:
            for sample in samples:
                f1 = 2 * precision_ * recall_ / (precision_ + recall_)
                figures = [f1, f1 / (2 - f1), precision_, recall_, f1, 31.2, 7.4, ""]
                lines.writerow([name, sample["sample_id"], sample["subject_id"], *figures, 7, 6, 1, 2])


def method_summary(name: str, label: str, precision: float, recall: float, *, scans: int) -> dict:
    f1 = 2 * precision * recall / (precision + recall)
    network = name == "network"
    return {
        "name": name,
        "label": label,
        "collapsed": False,
        "pooled": {"precision": precision, "recall": recall, "f1": f1, "dice": f1, "jaccard": f1 / (2 - f1)},
        "per_scan": {
            "dice": {"mean": f1 - 0.02, "sd": 0.08, "n": scans},
            "hd95_mm": {"mean": 7.4 if network else 48.1, "sd": 3.1, "n": scans - 1 if network else scans},
            "assd_mm": {"mean": None, "sd": None, "n": 0}
            if name == "raw_50"
            else {"mean": 2.2, "sd": 1, "n": scans},
        },
        "lesions": {
            "truth": 40,
            "detected": 33 if network else 29,
            "missed": 7 if network else 11,
            "false": 9 if network else 412,
            "merges": 1,
            "splits": 0,
            "precision": 0.79 if network else 0.066,
            "recall": 0.825 if network else 0.725,
            "f1": 0.806 if network else 0.12,
        },
        "counts": {
            "scans": scans,
            "scored": scans,
            "empty_truth": 0,
            "empty_prediction": 1 if network else 0,
            "undefined_distances": 1 if network else 0,
        },
    }
