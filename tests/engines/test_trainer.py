"""The trainer: nothing is touched before `prepare`, and each step is a function of seed and number."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from building import build_tiles, build_trainer
from ignite.engine import Events

from monai_mri.engines import Trainer
from monai_mri.errors import ConfigError, ManifestError


def test_building_a_trainer_reads_no_data(tmp_path):
    trainer = build_trainer(tmp_path / "absent.csv")
    with pytest.raises(ManifestError, match=r"absent\.csv"):
        trainer.prepare()


def test_running_without_preparation_is_refused(cohort):
    with pytest.raises(ConfigError, match=r"run it through monai_mri\.engines\.fit"):
        build_trainer(cohort).run()


def test_mean_loss_is_that_of_the_steps_of_the_epoch(cohort):
    trainer = build_trainer(cohort, max_epochs=2)
    trainer.prepare()
    losses: dict[int, list[float]] = {1: [], 2: []}
    trainer.add_event_handler(
        Events.ITERATION_COMPLETED,
        lambda engine: losses[engine.state.epoch].append(float(engine.state.output[0]["loss"])),
    )
    means = []
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda engine: means.append(engine.mean_loss))
    trainer.run()
    assert means == pytest.approx([sum(values) / len(values) for values in losses.values()])


def test_mean_loss_is_undefined_before_the_first_step(cohort):
    trainer = build_trainer(cohort)
    assert trainer.mean_loss != trainer.mean_loss


def test_dropout_depends_on_seed_and_step_not_on_what_was_drawn_before(cohort):
    draws = []
    for wasted in (0, 7):
        trainer = build_trainer(cohort, max_epochs=1)
        trainer.prepare()
        torch.rand(wasted)
        seen: list[float] = []
        trainer.add_event_handler(
            Events.ITERATION_STARTED, lambda _, seen=seen: seen.append(float(torch.rand(1)))
        )
        trainer.run()
        draws.append(seen)
    assert draws[0] == draws[1]
    assert len(set(draws[0])) == len(draws[0])


@pytest.mark.parametrize("workers", [0, 2])
def test_weights_do_not_depend_on_the_number_of_workers(cohort, workers):
    trainer = build_trainer(cohort, max_epochs=1)
    trainer.workers = workers
    trainer.prepare()
    trainer.run()
    reference = build_trainer(cohort, max_epochs=1)
    reference.prepare()
    reference.run()
    for first, second in zip(trainer.network.parameters(), reference.network.parameters(), strict=True):
        assert torch.equal(first, second)


def test_images_reach_the_network_in_the_memory_format_asked_for(cohort):
    trainer = Trainer(
        device="cpu",
        max_epochs=1,
        network=torch.nn.Conv2d(1, 2, 3, padding=1),
        optimizer=partial(torch.optim.SGD, lr=0.1),
        loss_function=lambda output, label: (output.mean() - label.mean()).square(),
        dataset=build_tiles(cohort),
        batch_size=4,
        channels_last=True,
    )
    trainer.prepare()
    trainer.run()
    assert trainer.network.weight.is_contiguous(memory_format=torch.channels_last)


def test_mixed_precision_on_a_cpu_computes_in_bfloat16_and_keeps_weights_in_float32(cohort):
    trainer = build_trainer(cohort, max_epochs=1, amp=True)
    seen = []
    trainer.plain_network.layers[0].register_forward_hook(lambda _, __, output: seen.append(output.dtype))
    trainer.prepare()
    trainer.run()
    assert set(seen) == {torch.bfloat16}
    assert {parameter.dtype for parameter in trainer.network.parameters()} == {torch.float32}
    assert trainer.settings["amp"]
