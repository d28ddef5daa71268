"""Score trained weights on a part that they have not seen, beside the raw-intensity baseline."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.engines.console import say
from monai_mri.engines.dataset import ManifestDataset, Sample
from monai_mri.engines.durable import write_text_durably
from monai_mri.engines.entry import bundle_step
from monai_mri.engines.evaluator import Evaluator
from monai_mri.engines.infer import chosen_threshold, write_prediction
from monai_mri.engines.key_metric import add_map, as_array
from monai_mri.engines.run_folder import RunFolder, plain
from monai_mri.engines.slices import SliceDataset
from monai_mri.engines.weights import load_weights
from monai_mri.metrics import (
    Counts,
    FrocAccumulator,
    LesionScores,
    ThresholdHistogram,
    count_voxels,
    is_collapsed,
    lesion_scores,
    overlap,
    segmentation_scores,
    summarise_scores,
)

Mask = npt.NDArray[np.bool_]
RAW_SHARES = (50, 45, 40)  # per cent of the image's maximum, as in the paper
OVERLAPS = ("precision", "recall", "f1", "dice", "jaccard")
SCORES = ("dice", "jaccard", "precision", "recall", "f1", "hd_mm", "hd95_mm", "assd_mm")


@dataclass
class _Method:
    """One way to mark plaques: its map and the threshold on it, and the scores so far."""

    name: str
    label: str
    key: str
    threshold: float
    counts: Counts = field(default_factory=Counts)
    lesions: LesionScores = field(default_factory=LesionScores)
    scans: list[dict[str, float]] = field(default_factory=list)


@bundle_step
def evaluate(
    evaluator: Evaluator,
    *,
    run_folder: RunFolder,
    weights: str | Path | None = None,
    raw_key: str = "raw",
    min_lesion_voxels: int = 1,
    allow_trained_subjects: bool = False,
) -> dict[str, Any]:
    """Score the evaluator's images; write predictions, tables and curves to `evaluation/` of the run folder.

    Args:
        evaluator: network and images with masks; each image (volume, picture or slice) is one scan.
        run_folder: where to write.
        weights: run folder or safetensors file; the run folder itself by default.
        raw_key: key of the raw image scaled to [0, 1], for the baselines.
        min_lesion_voxels: smaller components are no lesions.
        allow_trained_subjects: score subjects that the weights were trained on all the same; said in the
            summary.

    Returns:
        The summary, as written to `evaluation/summary.json`.

    Raises:
        LeakError: a subject was trained on.
        CheckpointError: there are no weights, or they hold no threshold.
    """
    evaluator.record = record = load_weights(evaluator.network, Path(weights or run_folder.root))
    source = _source(evaluator.dataset)
    if not allow_trained_subjects:
        record.refuse_trained(source.subjects)
    run_folder.note_command()
    methods = _methods(evaluator, chosen_threshold(evaluator), record.raw_threshold, raw_key)
    pr, froc, samples = ThresholdHistogram(), FrocAccumulator(), list[dict[str, Any]]()

    def score(sample: Sample, output: Sample) -> None:
        truth = as_array(output["label"])[0] > 0
        maps = {"pred": as_array(output["pred"])[0].clip(0, 1)}
        if raw_key in sample:
            maps[raw_key] = as_array(sample[raw_key])[0].clip(0, 1)
        add_map(pr, output["pred"], output["label"])
        froc.add(maps["pred"], truth)
        for method in methods:
            if method.key in maps:
                _score(method, maps[method.key] >= method.threshold, truth, sample, min_lesion_voxels)
        paths = write_prediction(
            run_folder.evaluation / "predictions", sample, output["pred"], threshold=methods[0].threshold
        )
        samples.append(_sample(run_folder, source, sample, paths, f1=methods[0].scans[-1]["f1"]))

    evaluator.run_over_samples(score, what="evaluating")
    scored = [method for method in methods if method.scans]
    summary = {
        "study": run_folder.study,
        "protocol": run_folder.protocol,
        "part": source.part,
        "slices": evaluator.dataset.slices if isinstance(evaluator.dataset, SliceDataset) else "all",
        "trained_subjects_allowed": allow_trained_subjects,
        "threshold": methods[0].threshold,
        "threshold_part": "train",
        "collapsed": is_collapsed(methods[0].counts),
        "methods": [_summary(method) for method in scored],
        "pr_curve": _thinned(pr.curve(), ("threshold", "precision", "recall")),
        "froc": _thinned(froc.curve(), ("threshold", "false_per_scan", "sensitivity")),
        "samples": samples,
    }
    run_folder.write_json("evaluation/summary.json", summary)
    write_text_durably(run_folder.evaluation / "subjects.csv", _table(scored, samples))
    _announce(scored, run_folder, collapsed=bool(summary["collapsed"]))
    answer: dict[str, Any] = plain(summary)
    return answer


def _methods(evaluator: Evaluator, threshold: float, raw_threshold: float | None, raw: str) -> list[_Method]:
    name = type(evaluator.network).__name__
    methods = [_Method("network", f"{name} at threshold {threshold:.3f}", "pred", threshold)]
    methods += [
        _Method(f"raw_{share}", f"Raw intensity at {share} % of the maximum", raw, share / 100)
        for share in RAW_SHARES
    ]
    if raw_threshold is not None:
        label = f"Raw intensity at {100 * raw_threshold:.0f} %, chosen on the training slices"
        methods.append(_Method("raw_tuned", label, raw, raw_threshold))
    return methods


def _score(method: _Method, pred: Mask, truth: Mask, sample: Sample, min_lesion_voxels: int) -> None:
    lesions = lesion_scores(pred, truth, min_size_voxels=min_lesion_voxels)
    method.counts += count_voxels(pred, truth)
    method.lesions += lesions
    scores = segmentation_scores(pred, truth, spacing_mm=_spacing(sample, truth.ndim))
    found = {
        "truth": lesions.truth_count,
        "detected": lesions.detected,
        "missed": lesions.missed,
        "false": lesions.false,
    }
    method.scans.append(scores | {f"lesions_{key}": float(count) for key, count in found.items()})


def _spacing(sample: Sample, ndim: int) -> list[float] | None:
    """Voxel size in mm along the mask's axes; None where unknown, as in a JPG."""
    spacing = [float(size) for size in sample["image"].meta["spacing_mm"]][:ndim]
    return spacing if all(np.isfinite(spacing)) else None


def _source(dataset: Any) -> ManifestDataset:
    while hasattr(dataset, "data"):
        dataset = dataset.data
    source: ManifestDataset = dataset
    return source


def _sample(
    folder: RunFolder, source: ManifestDataset, sample: Sample, paths: dict[str, Path], *, f1: float
) -> dict[str, Any]:
    row = next(row for row in source.rows if row["sample_id"] == sample.get("image_id", sample["sample_id"]))
    image = row["image"] if isinstance(row["image"], str) else row["image"][0]
    names = {kind: str(path.relative_to(folder.root)) for kind, path in paths.items()}
    return {
        "sample_id": sample["sample_id"],
        "subject_id": sample["subject_id"],
        "image": str(Path(image).absolute()),
        "mask": str(Path(row["label"]).absolute()),
        **names,
        "plane": sample.get("plane"),
        "f1": f1,
    }


def _summary(method: _Method) -> dict[str, Any]:
    scans = summarise_scores(method.scans)
    lesions = method.lesions
    return {
        "name": method.name,
        "label": method.label,
        "threshold": method.threshold,
        "collapsed": is_collapsed(method.counts),
        "pooled": {name: getattr(overlap, name)(method.counts) for name in OVERLAPS},
        "per_scan": {
            name: {key: getattr(scans.scores[name], key) for key in ("mean", "sd", "n", "undefined")}
            for name in SCORES
        },
        "lesions": lesions.to_dict() | {"truth": lesions.truth_count, "predicted": lesions.pred_count},
        "counts": {
            name: getattr(scans, name)
            for name in ("scans", "scored", "missed", "falsely_found", "both_empty", "undefined_distances")
        }
        | {"empty_truth": scans.empty_truth, "empty_prediction": scans.empty_prediction},
    }


def _thinned(curve: Any, names: Sequence[str], *, points: int = 200) -> dict[str, Any]:
    length = len(getattr(curve, names[0]))
    shown = np.unique(np.linspace(0, length - 1, points).round().astype(int))
    return {name: getattr(curve, name)[shown] for name in names}


def _table(methods: Sequence[_Method], samples: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    columns = [*SCORES, "lesions_truth", "lesions_detected", "lesions_missed", "lesions_false"]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["method", "sample_id", "subject_id", *columns])
    for method in methods:
        for sample, scores in zip(samples, method.scans, strict=True):
            cells = ["" if np.isnan(scores[name]) else f"{scores[name]:.6g}" for name in columns]
            writer.writerow([method.name, sample["sample_id"], sample["subject_id"], *cells])
    return text.getvalue()


def _announce(methods: Sequence[_Method], folder: RunFolder, *, collapsed: bool) -> None:
    if collapsed:
        say("collapsed: the network marks nothing at all, so its F says nothing")
    width = max(len(method.label) for method in methods)
    say(f"{'':{width}}  precision  recall      F  lesions found  false")
    for method in methods:
        shown = (f"{getattr(overlap, name)(method.counts):.3f}" for name in ("precision", "recall", "f1"))
        lesions = f"{method.lesions.detected}/{method.lesions.truth_count}"
        say(f"{method.label:{width}}  {'     '.join(shown)}  {lesions:>13}  {method.lesions.false:>5}")
    say(f"tables, curves and predictions in {folder.evaluation}")
