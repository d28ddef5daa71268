from __future__ import annotations

from pathlib import Path

import pytest
import torch
from ignite.engine import Events
from monai.transforms import Activationsd
from torch import nn

from monai_mri.engines import AxialInferer, BestF1, Evaluator, ManifestDataset, SliceDataset, distributed
from monai_mri.errors import ConfigError
from monai_mri.transforms import ReadMRId


class Scaled(nn.Module):
    """The image over 200; bright plaques of the cohort come out above one half."""

    def __init__(self) -> None:
        super().__init__()
        self.divisor = nn.Parameter(torch.tensor(200.0))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return (image / self.divisor).clamp(0, 1)


def volumes(manifest: Path, **settings) -> ManifestDataset:
    read = ReadMRId(keys=["image", "label"], mask_keys=["label"], allow_missing=True)
    return ManifestDataset(
        **{"manifest": manifest, "part": "train", "images": ["flair"], "transform": read, **settings}
    )


def evaluator(dataset, **settings) -> Evaluator:
    return Evaluator(
        **{"device": "cpu", "network": Scaled(), "dataset": dataset, "inferer": AxialInferer(), **settings}
    )


def test_each_sample_is_shown_once_in_order_beside_its_own_output(cohort):
    data = SliceDataset(data=volumes(cohort))
    seen = []

    def look(sample, output) -> None:
        seen.append(sample["sample_id"])
        assert torch.equal(torch.as_tensor(output["image"]), torch.as_tensor(sample["image"]))
        torch.testing.assert_close(
            torch.as_tensor(output["pred"]), (torch.as_tensor(sample["image"]) / 200).clamp(0, 1)
        )
        assert output["pred"].shape == output["label"].shape == (1, 40, 32)

    evaluator(data).run_over_samples(look, what="slices")
    assert seen == [sample["sample_id"] for sample in data.samples]


def test_looking_again_does_not_show_to_those_who_looked_before(cohort):
    engine, first, second = evaluator(volumes(cohort)), [], []
    engine.run_over_samples(lambda sample, _: first.append(sample["sample_id"]), what="first")
    engine.run_over_samples(lambda sample, _: second.append(sample["sample_id"]), what="second")
    assert len(first) == 4
    assert first == second


def test_volumes_without_masks_are_shown_too(cohort):
    shapes = []
    engine = evaluator(volumes(cohort, mask=None, part="test"))
    engine.run_over_samples(lambda _, output: shapes.append(tuple(output["pred"].shape)), what="images")
    assert shapes == [(1, 40, 32, 3)]


def test_the_output_has_gone_through_the_postprocessing(cohort):
    maps = []
    engine = evaluator(volumes(cohort, part="test"), postprocessing=Activationsd(keys="pred", sigmoid=True))
    engine.run_over_samples(lambda _, output: maps.append(output["pred"]), what="images")
    assert float(maps[0].min()) >= 0.5


def test_the_metric_is_kept_under_its_name_and_starts_anew_each_time(cohort):
    metric = BestF1(name="val_best")
    engine = evaluator(SliceDataset(data=volumes(cohort)), key_val_metric=metric)
    engine.prepare()
    engine.run(1)
    first = engine.state.metrics["val_best"]
    assert 0.9 < first <= 1
    engine.run(2)
    assert engine.state.metrics["val_best"] == first
    assert 0.55 < metric.best.threshold < 0.8


def test_the_metric_over_slices_is_that_over_volumes(cohort):
    found = []
    for data in (volumes(cohort), SliceDataset(data=volumes(cohort))):
        engine = evaluator(data, key_val_metric=BestF1())
        engine.run()
        found.append(engine.state.metrics["val_f1"])
    assert found[0] == found[1]


def test_running_without_preparing_prepares_itself(cohort):
    engine = evaluator(volumes(cohort), key_val_metric=BestF1())
    engine.run()
    assert engine.state.iteration == 4


def test_the_network_is_in_evaluation_mode_and_without_gradients(cohort):
    class Watched(Scaled):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            assert not self.training
            assert not torch.is_grad_enabled()
            return super().forward(image)

    network = Watched().train()
    evaluator(volumes(cohort), network=network).run_over_samples(lambda *_: None, what="images")
    assert network.divisor.grad is None


def test_an_error_in_the_network_or_the_look_is_raised(cohort):
    def look(*_) -> None:
        raise RuntimeError("cannot look")

    engine = evaluator(volumes(cohort))
    with pytest.raises(RuntimeError, match="cannot look"):
        engine.run_over_samples(look, what="images")


def test_after_an_error_nobody_looks_any_more(cohort):
    seen = []

    def look(sample, _) -> None:
        seen.append(sample)
        raise RuntimeError("cannot look")

    engine = evaluator(volumes(cohort))
    with pytest.raises(RuntimeError):
        engine.run_over_samples(look, what="images")
    engine.run_over_samples(lambda *_: None, what="images")
    assert len(seen) == 1


def test_each_process_takes_its_share_and_together_they_take_all(cohort, monkeypatch):
    shares = []
    monkeypatch.setattr(distributed, "processes", lambda: 3)
    for rank in range(3):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        engine, names = evaluator(volumes(cohort)), []
        engine.run_over_samples(
            lambda sample, _, names=names: names.append(sample["sample_id"]), what="share"
        )
        shares.append(names)
    assert sorted(name for share in shares for name in share) == [
        row["sample_id"] for row in volumes(cohort).rows
    ]


def test_a_process_without_samples_still_answers(cohort, monkeypatch):
    monkeypatch.setattr(distributed, "processes", lambda: 8)
    monkeypatch.setattr(distributed, "rank", lambda: 7)
    metric = BestF1()
    engine = evaluator(volumes(cohort), key_val_metric=metric)
    engine.run()
    assert engine.state.metrics["val_f1"] != engine.state.metrics["val_f1"]


def test_handlers_see_every_sample(cohort):
    class Counter:
        count = 0

        def attach(self, engine) -> None:
            engine.add_event_handler(Events.ITERATION_COMPLETED, self.see)

        def see(self, engine) -> None:
            self.count += 1

    counter = Counter()
    evaluator(volumes(cohort), val_handlers=[counter]).run_over_samples(lambda *_: None, what="images")
    assert counter.count == 4


def test_an_absent_device_is_refused(cohort):
    with pytest.raises(ConfigError):
        evaluator(volumes(cohort), device="cuda:99")


def test_nothing_is_read_when_it_is_built(tmp_path):
    evaluator(volumes(tmp_path / "absent.csv"))
