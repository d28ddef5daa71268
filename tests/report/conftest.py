"""Run folders as the engines write them, of a segmentation and of a classification, both partly wrong."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image

from monai_mri.metrics import confusion_matrix, coverage_accuracy_curve, summarise_classification

AFFINE = np.diag([-2.0, 2.0, 4.0, 1.0])
METHODS = (
    ("network", "PlaqueFCN at threshold 0.41", 0.74, 0.69),
    ("raw_50", "Raw intensity at 50 % of the maximum", 0.09, 0.61),
    ("raw_45", "Raw intensity at 45 % of the maximum", 0.06, 0.74),
    ("raw_40", "Raw intensity at 40 % of the maximum", 0.04, 0.83),
    ("raw_tuned", "Raw intensity, threshold chosen on the training slices", 0.21, 0.33),
)
# Truth and probabilities of eight images: three of four right in each class, AUC 13 / 16.
SAID = [("control", (1 - p, p)) for p in (0.1, 0.2, 0.4, 0.7)] + [
    ("migraine", (1 - p, p)) for p in (0.9, 0.8, 0.6, 0.3)
]
SCANS = ("sub-003", "sub-007", "sub-011", "sub-019")


VOID = {"meta", "img", "br", "link", "hr", "input"}
LOADING = {"src", "srcset", "href", "xlink:href", "data", "poster", "action", "background"}


class Page(HTMLParser):
    """Tags that are open, what a browser would load, and ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.loads, self.tags, self.ids = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [v for k, v in attrs if k in LOADING and not (tag == "a" and k == "href")]
        self.ids += [v for k, v in attrs if k == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def parse_page() -> type[Page]:
    """What a page opens and loads."""
    return Page


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
def make_class_run(tmp_path: Path) -> Callable[..., Path]:
    """Write a run folder of a classification; `said` are (truth, probability of each class) by image."""

    def make(
        *,
        classes: tuple[str, ...] = ("control", "migraine"),
        said=SAID,
        explained: bool = True,
        name="classes",
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        write_class_training(folder)
        write_class_evaluation(folder, classes, said)
        if explained:
            write_explanation(folder, classes)
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


def write_class_training(folder: Path) -> None:
    run = {
        "study": "migraine",
        "protocol": "honest",
        "seed": 1,
        "network": "MigraineCNN",
        "parameters": 48637927,
        "filters": [20, 10, 5],
        "parts": {
            "train": {"subjects": 16, "images": 16, "samples": 16},
            "validation": {"subjects": 4, "images": 4},
        },
        "epochs": 3,
        "best_epoch": 2,
        "commands": ["monai-mri run bundles/migraine train"],
    }
    (folder / "run.json").write_text(json.dumps(run))
    (folder / "history.csv").write_text(
        "epoch,train_loss,val_log_likelihood,val_loss,val_accuracy,val_balanced_accuracy,learning_rate,seconds\n"
        "1,0.8,-0.7,0.7,0.5,0.5,0.0001,1.2\n2,0.6,-0.6,0.6,0.75,0.75,0.0001,1.1\n3,0.4,-0.9,0.9,0.5,0.5,0.0001,1.1\n"
    )


def write_class_evaluation(folder: Path, classes: tuple[str, ...], said: list) -> None:
    truth, shares = [name for name, _ in said], np.array([row for _, row in said], dtype=float)
    predicted = [classes[place] for place in shares.argmax(axis=1)]
    curve = coverage_accuracy_curve(np.array([classes.index(name) for name in truth]), shares)
    right = sum(name == classes[0] for name in truth)
    summary = {
        "study": "migraine",
        "kind": "classification",
        "protocol": "honest",
        "training_protocol": "honest",
        "part": "test",
        "weights_sha256": "ab" * 32,
        "trained_subjects_allowed": False,
        "classes": classes,
        "images": len(said),
        "subjects": len(said),
        "left_out": 0,
        "scores": summarise_classification(truth, shares, classes=classes, draws=40),
        "confusion": confusion_matrix(truth, predicted, classes).tolist(),
        "majority": {"class": classes[0], "accuracy": right / len(said), "correct": right, "n": len(said)},
        "abstention": {
            "threshold": [*curve.thresholds],
            "coverage": [*curve.coverage],
            "accuracy": [*curve.accuracy],
            "chosen": {"threshold": 0.75, "coverage": 0.5, "accuracy": 1.0},
        },
    }
    (folder / "evaluation").mkdir()
    text = json.dumps(summary).replace("NaN", "null")
    (folder / "evaluation" / "summary.json").write_text(text)
    with (folder / "evaluation" / "predictions.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(
            ["sample_id", "subject_id", "truth", "predicted", "correct", *(f"p_{c}" for c in classes)]
        )
        for n, (name, row) in enumerate(said, start=1):
            answer = classes[int(np.argmax(row))]
            lines.writerow(
                [f"sub-{n:03}", f"sub-{n:03}", name, answer, int(answer == name), *(f"{p:.6f}" for p in row)]
            )


def write_explanation(folder: Path, classes: tuple[str, ...]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    regions = [
        "method,sample_id,region,label,voxels,volume_share,mean,max,mass_share,top_share",
        "grad_cam,sub-001,brain_stem,1,10,0.2,0.5,1,0.4,0.6",
        "grad_cam,sub-002,brain_stem,1,10,0.2,0.7,1,0.4,0.8",
        "grad_cam,sub-001,frontal,2,30,0.6,0.1,1,0.4,0.1",
        "grad_cam,sub-002,frontal,2,30,0.6,0.1,1,0.4,nan",
    ]
    for method in ("summed", "grad_cam"):
        (folder / "explanation" / method).mkdir(parents=True)
        for n in (1, 2, 3):
            for kind in ("sagittal", "mni"):
                Image.fromarray(noise).save(folder / "explanation" / method / f"sub-{n:03}_{kind}.png")
    (folder / "explanation" / "regions.csv").write_text("\n".join(regions) + "\n")
    row = {"n": 8, "undefined": 0, "hits": 5, "hit_rate": 0.625, "hit_low": 0.306, "hit_high": 0.863}
    row |= {"hit_chance": 0.21, "top_share": 0.45, "chance": 0.21, "ratio": 2.14}
    summary = {"weights_sha256": "ab" * 32, "classes": classes, "target": "the predicted class", "images": 8}
    summary["methods"] = [{"method": "summed", **row}]
    (folder / "explanation" / "summary.json").write_text(json.dumps(summary))
