from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from ignite.engine import Engine
from monai.data import MetaTensor
from sklearn.metrics import f1_score

from monai_mri.engines import BestF1
from monai_mri.engines.key_metric import add_map, as_array
from monai_mri.errors import ImageError
from monai_mri.metrics import ThresholdHistogram


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
