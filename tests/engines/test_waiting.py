"""The share of an epoch that was spent waiting for data."""

from __future__ import annotations

import json

import pytest
import torch
from building import build_trainer
from ignite.engine import Engine, Events

from monai_mri.engines import RunFolder, fit
from monai_mri.engines.waiting import WaitClock

CPU = torch.device("cpu")


class Day:
    """A clock that moves only when told to, an engine, and batches that take `waits` seconds each."""

    def __init__(self, waits: dict[int, float], *, step_s: float) -> None:
        self.waits, self.step_s, self.time_s = waits, step_s, 100.0
        self.clock, self.shares = WaitClock(now=lambda: self.time_s), []
        self.engine = Engine(self.step)
        self.clock.attach(self.engine)
        self.engine.add_event_handler(Events.EPOCH_COMPLETED, self.validate)

    def __iter__(self):
        for batch in range(2):
            self.time_s += self.waits[self.engine.state.epoch]
            yield batch

    def step(self, *_):
        self.time_s += self.step_s

    def validate(self, _):
        self.time_s += 1000.0
        self.shares.append(self.clock.share(device=CPU))

    def run(self) -> list[float]:
        self.engine.run(self, max_epochs=len(self.waits), epoch_length=2)
        return self.shares


def test_share_is_the_waiting_over_the_training_of_each_epoch_by_itself():
    assert Day({1: 3.0, 2: 1.0, 3: 0.0}, step_s=1.0).run() == pytest.approx([0.75, 0.5, 0.0])


def test_training_that_only_waits_has_a_share_of_one():
    assert Day({1: 2.0}, step_s=0.0).run() == [1.0]


def test_share_is_undefined_before_the_first_step():
    share = WaitClock().share(device=CPU)
    assert share != share


def test_history_says_how_long_each_epoch_waited(cohort, tmp_path):
    fit(build_trainer(cohort), run_folder=RunFolder(tmp_path, study="x"))
    rows = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert all(0 < row["data_wait"] < 1 for row in rows)


def test_epoch_of_which_only_the_validation_was_left_has_no_share(make_trainer, make_evaluator, tmp_path):
    folder = RunFolder(tmp_path, study="x")
    with pytest.raises(SystemExit):
        fit(make_trainer(), run_folder=folder, evaluator=make_evaluator(stop_in_epoch=2))
    fit(make_trainer(), run_folder=folder, evaluator=make_evaluator())
    waits = [json.loads(line)["data_wait"] for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert [wait is None for wait in waits] == [False, True, False]
