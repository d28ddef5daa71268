"""Choose the threshold that turns maps into masks, on the uncut slices of the training part."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np

from monai_mri.engines import distributed
from monai_mri.engines.console import say
from monai_mri.engines.entry import bundle_step
from monai_mri.engines.evaluator import Evaluator
from monai_mri.engines.key_metric import add_map
from monai_mri.engines.run_folder import RunFolder
from monai_mri.engines.settings import source_of
from monai_mri.engines.slices import SliceDataset
from monai_mri.engines.weights import WeightsRecord, load_weights, save_weights
from monai_mri.metrics import ThresholdHistogram

POINTS = 200  # of the curve that is kept
COLLAPSE_MARGIN = 1.1  # best F over that of marking everything


@bundle_step
def choose_threshold(
    evaluator: Evaluator, *, run_folder: RunFolder, bins: int = 2**14, raw_key: str = "raw"
) -> float:
    """Find the threshold that maximises the F-measure over all pixels of the evaluator's slices.

    The slices must be whole: a threshold found on tiles is unusable (BIOSTEC 2017, section 3.3). The
    threshold is kept in the header of the run's weights and, with the whole curve, in `threshold.json`. The
    same search over the raw intensities (`raw_key`, scaled to [0, 1]) gives the paper's raw-threshold
    baseline its best threshold. Maps that can do no better than marking every pixel are reported as
    collapsed.

    Several processes take their share of the slices each and come to the same threshold.

    Returns:
        The threshold in (0, 1]; nan where no slice holds plaque, or no map rises above the lowest candidate.

    Raises:
        LeakError: a slice is of a subject that the weights were not trained on.
    """
    record = load_weights(evaluator.network, run_folder.root)
    record.require_trained(source_of(evaluator.dataset).subjects)
    own = _Counted(bins)

    def count(sample: dict[str, Any], output: dict[str, Any]) -> None:
        own.pixels += output["label"].numel()
        add_map(own.maps, output["pred"], output["label"])
        if raw_key in sample:
            add_map(own.raw, sample[raw_key], output["label"])

    evaluator.run_over_samples(count, what="choosing the threshold")
    counted = reduce(_Counted.add, distributed.gathered(own))
    best = counted.maps.best()
    if distributed.rank() == 0:
        _write(counted, evaluator, run_folder, record)
    return best.threshold


class _Counted:
    """Histograms of maps and raw intensities, and how many pixels they hold."""

    def __init__(self, bins: int) -> None:
        self.maps, self.raw, self.pixels = ThresholdHistogram(bins=bins), ThresholdHistogram(bins=bins), 0

    def add(self, other: _Counted) -> _Counted:
        total = _Counted(self.maps.bins)
        total.maps, total.raw = self.maps + other.maps, self.raw + other.raw
        total.pixels = self.pixels + other.pixels
        return total


def _write(counted: _Counted, evaluator: Evaluator, folder: RunFolder, record: WeightsRecord) -> None:
    best = counted.maps.best()
    collapsed = _is_collapsed(counted)
    folder.write_json("threshold.json", _table(evaluator, counted.maps) | {"collapsed": collapsed})
    chosen = replace(
        record,
        collapsed=collapsed,
        threshold=_defined(best.threshold),
        raw_threshold=_defined(counted.raw.best().threshold),
    )
    save_weights(evaluator.network, folder.root, chosen)
    folder.set_evaluation_aside(unless=record.tensors_sha256)
    say(f"threshold {best.threshold:.4f}: F {best.f1:.3f} on {len(evaluator.dataset)} uncut training slices")
    if collapsed:
        say("collapsed: no threshold does better than marking everything; train longer or with another loss")


def _is_collapsed(counted: _Counted) -> bool:
    curve = counted.maps.curve()
    positives = int(curve.tp[0] + curve.fn[0])
    f1_of_everything = 2 * positives / (positives + counted.pixels)
    bar = min(COLLAPSE_MARGIN * f1_of_everything, (1 + f1_of_everything) / 2)
    return bool(counted.maps.best().f1 < bar)


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else value


def _table(evaluator: Evaluator, maps: ThresholdHistogram) -> dict[str, Any]:
    best, curve, dataset = maps.best(), maps.curve(), evaluator.dataset
    images = dataset.data if isinstance(dataset, SliceDataset) else dataset
    shown = np.unique(np.linspace(0, len(curve.threshold) - 1, POINTS).round().astype(int))
    return {
        "threshold": best.threshold,
        "f1": best.f1,
        "precision": best.precision,
        "recall": best.recall,
        "part": images.part,
        "images": len(images),
        "slices": len(dataset),
        "curve": {name: getattr(curve, name)[shown] for name in ("threshold", "precision", "recall", "f1")},
    }
