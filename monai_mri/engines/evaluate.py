"""Score trained weights on a part that they have not seen, beside the raw-intensity baseline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from monai_mri.engines.answering import load_trained
from monai_mri.engines.console import say
from monai_mri.engines.dataset import ManifestDataset, Sample
from monai_mri.engines.durable import write_text_durably
from monai_mri.engines.entry import bundle_step
from monai_mri.engines.evaluator import Evaluator
from monai_mri.engines.infer import chosen_threshold, write_prediction
from monai_mri.engines.key_metric import add_map, as_array
from monai_mri.engines.run_folder import RunFolder, plain
from monai_mri.engines.scoring import Method, printed_slices, printed_table, scores_table
from monai_mri.engines.settings import source_of
from monai_mri.engines.slice_scores import slices_table
from monai_mri.engines.slices import PLANE, VOLUME, SliceDataset
from monai_mri.engines.starting import note_namesakes
from monai_mri.engines.volume_scores import volumes_table
from monai_mri.engines.volumes import SliceBook, Volumes
from monai_mri.engines.weights import WeightsRecord
from monai_mri.errors import UsageError
from monai_mri.metrics import FrocAccumulator, ThresholdHistogram
from monai_mri.metrics.froc import DEFAULT_THRESHOLDS

RAW_SHARES = (50, 45, 40)  # per cent of the image's maximum, as in the plaque paper
POINTS = 200  # of a curve that is kept


@bundle_step
def evaluate(  # noqa: PLR0913 - one argument a line of the bundle's YAML
    evaluator: Evaluator,
    *,
    run_folder: RunFolder,
    weights: str | Path | None = None,
    threshold: float | None = None,
    raw_shares: Sequence[float] = RAW_SHARES,
    raw_key: str = "raw",
    volumes: Volumes | None = None,
    show: str | None = None,
    min_lesion_voxels: int = 1,
    allow_trained_subjects: bool = False,
) -> dict[str, Any]:
    """Score the evaluator's images; write predictions, tables and curves to `evaluation/` of the run folder.

    With `volumes` the slices are scored one by one and as the volumes that they make, too: `slices.csv`,
    `volumes.csv`, and `per_slice`, `lesion_free` and `per_volume` in the summary (`summarise_slices` and
    `summarise_volumes` say what is in them).

    Args:
        evaluator: network and images with masks; each image (volume, picture or slice) is one scan.
        run_folder: where to write.
        weights: run folder or safetensors file; the run folder itself by default.
        threshold: probability from which a voxel is marked; the one that was chosen in training by default.
        raw_shares: baselines that mark raw intensities from these shares of the maximum on, in per cent;
            empty for no baseline at all.
        raw_key: key of the raw image scaled to [0, 1], for the baselines.
        volumes: how slices make volumes; None scores each image as it is, and no more.
        show: column of the image that the report shows, such as flair; the first of the image by default.
        min_lesion_voxels: smaller components are no lesions.
        allow_trained_subjects: score subjects that the weights were trained or selected on all the same; said
            in the summary.

    Returns:
        The summary, as written to `evaluation/summary.json`.

    Raises:
        LeakError: a subject was trained on, or took part in choosing the best epoch.
        CheckpointError: there are no weights, or they hold no threshold and none is given.
        ConfigError: the weights are of a network that was built or applied otherwise.
        ManifestError: slices do not fit together to volumes.
        UsageError: the threshold is not above 0 and up to 1, or a share not above 0 and up to 100.
    """
    _check(threshold, raw_shares)
    record = load_trained(evaluator, Path(weights or run_folder.root))
    subjects = source_of(evaluator.dataset).subjects
    if not allow_trained_subjects:
        record.refuse_trained(subjects)
    namesakes = note_namesakes(record, subjects)
    chosen = chosen_threshold(evaluator) if threshold is None else float(threshold)
    scores = _Scores(
        evaluator,
        record,
        run_folder,
        methods=_methods(type(evaluator.network).__name__, chosen, record.raw_threshold, raw_key, raw_shares),
        book=None if volumes is None else SliceBook(volumes, source_of(evaluator.dataset)),
        show=show,
        min_lesion_voxels=min_lesion_voxels,
    )
    run_folder.note_command()
    _remove_predictions(scores.folder / "predictions")
    evaluator.run_over_samples(scores.add, what="evaluating")
    facts = {
        "threshold_part": "train" if threshold is None else "",  # of the images that it was chosen on
        "trained_subjects_allowed": bool(record.known(subjects)),
        "namesakes_of_start": namesakes,
    }
    summary: dict[str, Any] = plain(scores.summary() | facts | scores.of_slices())
    run_folder.write_json(f"{scores.folder.name}/summary.json", summary)
    write_text_durably(scores.folder / "subjects.csv", scores_table(scores.scored, scores.samples))
    _announce(scores, summary)
    return summary


class _Scores:
    """Scores of all methods so far, filled sample by sample."""

    def __init__(
        self,
        evaluator: Evaluator,
        record: WeightsRecord,
        folder: RunFolder,
        *,
        methods: list[Method],
        book: SliceBook | None,
        show: str | None,
        min_lesion_voxels: int,
    ) -> None:
        self.evaluator, self.record, self.run_folder = evaluator, record, folder
        own = record.protocol in ("", folder.protocol)  # else both evaluations are kept
        self.folder = folder.evaluation if own else folder.root / f"evaluation-{folder.protocol}"
        self.methods, self.book, self.show = methods, book, show
        self.threshold, self.min_lesion_voxels = methods[0].threshold, min_lesion_voxels
        tried = {*DEFAULT_THRESHOLDS, *([] if np.isnan(self.threshold) else [self.threshold])}
        self.froc = FrocAccumulator(thresholds=sorted(tried), min_size_voxels=min_lesion_voxels)
        self.curve = ThresholdHistogram()
        self.source: ManifestDataset = source_of(evaluator.dataset)
        self.rows = {row["sample_id"]: row for row in self.source.rows}
        self.samples: list[dict[str, Any]] = []

    @property
    def scored(self) -> list[Method]:
        """The methods whose map the samples held."""
        return [method for method in self.methods if method.scans]

    def add(self, sample: Sample, output: Sample) -> None:
        """Score one sample and write its prediction."""
        truth = as_array(output["label"])[0] > 0
        maps = {"pred": as_array(output["pred"])[0].clip(0, 1)}
        for key in {method.key for method in self.methods[1:]} & sample.keys():
            maps[key] = as_array(sample[key])[0].clip(0, 1)
        add_map(self.curve, output["pred"], output["label"])
        self.froc.add(maps["pred"], truth)
        spacing_mm = _spacing(sample, truth.ndim)
        for method in self.methods:
            if method.key in maps:
                method.score(maps[method.key], truth, spacing_mm=spacing_mm, min_size=self.min_lesion_voxels)
        if self.book is not None:
            self.book.add(sample, maps["pred"] >= self.threshold, truth)
        paths = write_prediction(
            self.folder / "predictions", sample, output["pred"], threshold=self.threshold
        )
        self.samples.append(self._entry(sample, paths))

    def summary(self) -> dict[str, Any]:
        """What `summary.json` holds."""
        methods = [method.summary() for method in self.scored]
        methods[0]["collapsed"] = methods[0]["collapsed"] or self.record.collapsed
        dataset = self.evaluator.dataset
        return {
            "study": self.run_folder.study,
            "protocol": self.run_folder.protocol,
            "training_protocol": self.record.protocol,
            "part": self.source.part,
            "slices": dataset.slices if isinstance(dataset, SliceDataset) else "all",
            "weights_sha256": self.record.tensors_sha256,
            "threshold": self.threshold,
            "collapsed": methods[0]["collapsed"],
            "methods": methods,
            "pr_curve": _thinned(self.curve.curve(), ("threshold", "precision", "recall")),
            "froc": _thinned(self.froc.curve(), ("threshold", "false_per_scan", "sensitivity")),
            "samples": self.samples,
        }

    def of_slices(self) -> dict[str, Any]:
        """What it holds of slices and volumes, whose tables are written; nothing without a book."""
        slices, volumes = self.folder / "slices.csv", self.folder / "volumes.csv"
        if self.book is None:
            for old in (slices, volumes):  # of an earlier evaluation
                old.unlink(missing_ok=True)
            return {}
        made = self.book.volumes()
        write_text_durably(slices, slices_table(self.book.slices))
        write_text_durably(volumes, volumes_table(made))
        return self.book.summary(made)

    def _entry(self, sample: Sample, paths: dict[str, Path]) -> dict[str, Any]:
        row = self.rows[sample.get(VOLUME, sample["sample_id"])]
        images = [row["image"]] if isinstance(row["image"], str) else row["image"]
        shown = self.source.columns.index(self.show) if self.show in self.source.columns else 0
        image = images[shown]
        return {
            "sample_id": sample["sample_id"],
            "subject_id": sample["subject_id"],
            "image": str(Path(image).absolute()),
            "mask": str(Path(row["label"]).absolute()),
            **{kind: str(path.relative_to(self.run_folder.root)) for kind, path in paths.items()},
            "plane": sample.get(PLANE),
            "f1": self.methods[0].scans[-1]["f1"],
        }


def _check(threshold: float | None, raw_shares: Sequence[float]) -> None:
    if threshold is not None and not 0 < threshold <= 1:
        raise UsageError(
            f"threshold: {threshold} found, expected a probability above 0 and up to 1; correct it, or set "
            "null for the one that was chosen in training"
        )
    if wrong := [share for share in raw_shares if not 0 < share <= 100]:
        raise UsageError(
            f"raw_shares: {wrong[0]} found, expected per cent of the maximum, above 0 and up to 100"
        )


def _methods(
    network: str, threshold: float, raw_threshold: float | None, raw: str, shares: Sequence[float]
) -> list[Method]:
    label = f"{network} at threshold {threshold:.3f}" if threshold == threshold else f"{network}, collapsed"
    methods = [Method("network", label, "pred", threshold)]
    methods += [
        Method(f"raw_{share:g}", f"Raw intensity at {share:g} % of the maximum", raw, share / 100)
        for share in shares
    ]
    if shares and raw_threshold is not None:
        label = f"Raw intensity at {100 * raw_threshold:.0f} %, chosen on the training slices"
        methods.append(Method("raw_tuned", label, raw, raw_threshold))
    return methods


def _spacing(sample: Sample, ndim: int) -> list[float] | None:
    """Voxel size in mm along the mask's axes; None where unknown, as in a JPG."""
    spacing = [float(size) for size in sample["image"].meta["spacing_mm"]][:ndim]
    return spacing if all(np.isfinite(spacing)) else None


def _remove_predictions(folder: Path) -> None:
    """Those of an earlier evaluation, which may have been of other images."""
    for pattern in ("*_mask.*", "*_probability.*"):
        for old in folder.glob(pattern):
            old.unlink()


def _thinned(curve: Any, names: Sequence[str]) -> dict[str, Any]:
    length = len(getattr(curve, names[0]))
    shown = np.unique(np.linspace(0, length - 1, POINTS).round().astype(int))
    return {name: getattr(curve, name)[shown] for name in names}


def _announce(scores: _Scores, summary: dict[str, Any]) -> None:
    if summary["collapsed"]:
        say("collapsed: the network marks nothing or everything, so its F says nothing")
    if summary["training_protocol"] not in ("", summary["protocol"]):
        say(
            f"note: trained by the {summary['training_protocol']} protocol, "
            f"scored by the {summary['protocol']} one"
        )
    for line in [*printed_table(scores.scored), *printed_slices(summary)]:
        say(line)
    say(f"tables, curves and predictions in {scores.folder}")
