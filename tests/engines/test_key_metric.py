from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from building import FILTERS, build_dataset, build_trainer
from ignite.engine import Engine
from monai.data import MetaTensor
from monai.losses import DiceCELoss, DiceLoss
from monai.transforms import Activationsd
from sklearn.metrics import f1_score

from monai_mri.engines import (
    AxialInferer,
    BestF1,
    Evaluator,
    MeanLoss,
    RunFolder,
    SliceDataset,
    fit,
    load_weights,
)
from monai_mri.engines.key_metric import add_map, as_array
from monai_mri.errors import ImageError
from monai_mri.metrics import ThresholdHistogram
from monai_mri.networks import PlaqueFCN


def samples(seed: int, *, bins: int = 64, count: int = 3) -> list[dict[str, torch.Tensor]]:
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        truth = rng.random((1, 9 + number, 7)) < 0.2
        levels = np.clip(
            rng.integers(0, bins // 2, truth.shape) + truth * rng.integers(0, bins // 2, truth.shape), 0, bins
        )
        found.append({"pred": torch.tensor(levels / bins).float(), "label": torch.tensor(truth).float()})
    return found


def brute_force(outputs: list[dict[str, torch.Tensor]], *, bins: int) -> tuple[float, set[float]]:
    map_ = np.concatenate([output["pred"].numpy().ravel() for output in outputs])
    truth = np.concatenate([output["label"].numpy().ravel() for output in outputs]) > 0
    scores = {at / bins: f1_score(truth, map_ >= at / bins, zero_division=0) for at in range(1, bins + 1)}
    best = max(scores.values())
    return best, {
        threshold for threshold, score in scores.items() if math.isclose(score, best, rel_tol=1e-12)
    }


@pytest.mark.parametrize("seed", range(5))
def test_the_best_f_is_that_of_trying_every_threshold(seed):
    metric, outputs = BestF1(bins=64), samples(seed)
    metric.update(outputs[:2])
    metric.update(outputs[2:])
    best, thresholds = brute_force(outputs, bins=64)
    assert metric.compute() == pytest.approx(best, rel=1e-12)
    assert metric.best.threshold in thresholds
    assert metric.best.f1 == metric.compute()


def test_voxels_are_pooled_not_images_averaged():
    metric = BestF1(bins=4)
    small = {"pred": torch.tensor([[[1.0, 1.0]]]), "label": torch.tensor([[[1.0, 0.0]]])}
    large = {"pred": torch.ones(1, 10, 10), "label": torch.ones(1, 10, 10)}
    metric.update([small, large])
    assert metric.compute() == pytest.approx(2 * 101 / (2 * 101 + 1))


def test_a_perfect_map_scores_one_and_volumes_count_too():
    metric = BestF1()
    label = (torch.rand(1, 4, 5, 6) > 0.5).float()
    metric.update([{"pred": label * 0.6 + 0.1, "label": label}])
    assert metric.compute() == 1
    assert 0.1 < metric.best.threshold < 0.7


def test_without_a_lesion_the_metric_is_undefined():
    metric = BestF1()
    metric.update([{"pred": torch.rand(1, 3, 3), "label": torch.zeros(1, 3, 3)}])
    assert math.isnan(metric.compute())
    assert math.isnan(metric.best.threshold)


def test_without_a_sample_the_metric_is_undefined():
    metric = BestF1()
    assert math.isnan(metric.compute())
    assert math.isnan(metric.best.f1)


def test_a_map_of_zeros_scores_zero_not_undefined():
    metric = BestF1()
    metric.update([{"pred": torch.zeros(1, 3, 3), "label": torch.ones(1, 3, 3)}])
    assert metric.compute() == 0


def test_resetting_forgets_the_samples():
    metric, outputs = BestF1(bins=64), samples(0)
    metric.update(samples(1))
    metric.reset()
    metric.update(outputs)
    assert metric.compute() == pytest.approx(brute_force(outputs, bins=64)[0])


def test_in_an_engine_it_counts_each_epoch_anew_and_stands_under_its_name():
    outputs = samples(2)
    engine = Engine(lambda _, batch: batch)
    metric = BestF1(name="val_best", bins=64)
    metric.attach(engine, "val_best")
    best = brute_force(outputs, bins=64)[0]
    for _ in range(2):
        engine.run([outputs[:1], outputs[1:]], max_epochs=1)
        assert engine.state.metrics["val_best"] == pytest.approx(best)


def test_maps_a_hair_outside_of_0_and_1_are_taken_as_0_and_1():
    histogram = ThresholdHistogram(bins=4)
    add_map(histogram, torch.tensor([[[1 + 1e-6, -1e-6]]]), torch.tensor([[[1.0, 0.0]]]))
    assert histogram.best().f1 == 1


def test_a_map_with_nan_is_refused():
    with pytest.raises(ImageError):
        BestF1().update([{"pred": torch.full((1, 2, 2), float("nan")), "label": torch.ones(1, 2, 2)}])


def test_half_precision_gradients_and_meta_tensors_become_float32_arrays():
    for tensor in (
        torch.ones(2, requires_grad=True),
        torch.ones(2).bfloat16(),
        MetaTensor(torch.ones(2)),
        torch.ones(2).bool(),
    ):
        array = as_array(tensor)
        assert type(array) is np.ndarray
        assert array.dtype == np.float32
        assert array.tolist() == [1, 1]


LOSS = DiceLoss(sigmoid=True)


def validating(cohort, network, *, loss=LOSS, part="validation") -> Evaluator:
    """An evaluator whose metrics see probabilities, over slices of which some hold a plaque."""
    return Evaluator(
        device="cpu",
        network=network,
        dataset=SliceDataset(data=build_dataset(cohort, part)),
        inferer=AxialInferer(),
        postprocessing=Activationsd(keys="pred", sigmoid=True),
        key_val_metric=MeanLoss(loss=loss),
    )


@pytest.fixture
def logits(cohort):
    """A network, and its logits and masks of each validation slice, computed without the engine."""
    torch.manual_seed(0)
    network = PlaqueFCN(filters=FILTERS, output="logit")
    pairs = []
    for sample in SliceDataset(data=build_dataset(cohort, "validation")).samples:
        with torch.no_grad():
            pairs.append((network(sample["image"].as_tensor()[None]), sample["label"].as_tensor()[None]))
    return network, pairs


@pytest.mark.parametrize("loss", [LOSS, DiceCELoss(sigmoid=True)])
def test_validation_loss_is_the_training_loss_of_the_logits(cohort, logits, loss):
    network, pairs = logits
    engine = validating(cohort, network, loss=loss)
    engine.run()
    wanted = np.mean([float(loss(output, label)) for output, label in pairs])
    assert engine.key_metric.beside["val_loss"] == pytest.approx(wanted, rel=1e-5)
    assert engine.state.metrics["val_negative_loss"] == pytest.approx(-wanted, rel=1e-5)


def test_dice_beside_the_loss_is_over_slices_with_a_lesion(cohort, logits):
    network, pairs = logits
    engine = validating(cohort, network)
    engine.run()
    held = [(output >= 0, label > 0) for output, label in pairs if label.any()]
    wanted = np.mean([2 * float((p & t).sum()) / float(p.sum() + t.sum()) for p, t in held])
    assert 0 < len(held) < len(pairs)
    assert engine.key_metric.beside["val_dice"] == pytest.approx(wanted)


def test_each_validation_counts_anew(cohort, logits):
    engine = validating(cohort, logits[0])
    engine.run()
    first = dict(engine.key_metric.beside)
    engine.run()
    assert engine.key_metric.beside == first


def test_mean_loss_without_a_sample_is_undefined():
    metric = MeanLoss(loss=LOSS)
    assert math.isnan(metric.compute())
    assert all(map(math.isnan, metric.beside.values()))


def test_training_keeps_the_epoch_of_the_lowest_validation_loss(cohort, tmp_path):
    trainer = build_trainer(cohort, max_epochs=4, loss_function=LOSS)
    engine = validating(cohort, trainer.network)
    fit(trainer, run_folder=RunFolder(tmp_path, study="x"), evaluator=engine)
    rows = [line.split(",") for line in (tmp_path / "history.csv").read_text().splitlines()]
    losses = [float(row[rows[0].index("val_loss")]) for row in rows[1:]]
    assert len(set(losses)) == 4
    kept = load_weights(trainer.network, tmp_path)
    assert kept.epoch == 1 + int(np.argmin(losses))


WORKER = """
import warnings
warnings.simplefilter("ignore")
import torch
from monai.losses import DiceLoss
from monai_mri.engines import MeanLoss, distributed
distributed.initialize(seed=5, distributed=True)
metric = MeanLoss(loss=DiceLoss())
metric.losses = [0.25, 0.5] if distributed.rank() else [0.75]
if distributed.rank():
    metric.update([{"pred": torch.ones(1, 2, 2), "label": torch.tensor([[[1.0, 1.0], [1.0, 0.0]]])}])
assert metric.compute() == -0.5, metric.compute()
assert metric.beside == {"val_loss": 0.5, "val_dice": 6 / 7}, metric.beside
distributed.finalize()
open(f"done {metric.name} {len(metric.losses)}", "w").close()
"""


@pytest.mark.slow
def test_two_processes_come_to_one_mean_loss(tmp_path):
    (tmp_path / "worker.py").write_text(WORKER)
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "worker.py"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(start, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("done val_negative_loss *"))) == 2
