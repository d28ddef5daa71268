from __future__ import annotations

import pytest
import torch
from ignite.engine import Engine, Events

from monai_mri.engines.run_folder import RunFolder
from monai_mri.engines.tracking import TensorBoard


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return RunFolder(tmp_path / "run", study="test")


def tracked(folder: RunFolder, step=None) -> Engine:
    def default(engine: Engine, batch: float) -> list[dict]:
        return [{"loss": torch.tensor(batch)}, {"loss": torch.tensor(batch + 1)}]

    engine = Engine(step or default)
    TensorBoard(run_folder=folder).attach(engine)
    return engine


def curves(folder: RunFolder) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder.root / "tensorboard"))
    events.Reload()
    return {
        name: [(event.step, event.value) for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    }


def test_nothing_is_written_before_the_engine_runs(folder):
    tracked(folder)
    assert not folder.root.exists()


def test_the_mean_loss_of_each_step_and_the_metrics_of_each_epoch_are_written(folder):
    engine = tracked(folder)

    @engine.on(Events.EPOCH_STARTED)
    def measure(engine: Engine) -> None:
        engine.state.metrics["val_f1"] = engine.state.epoch / 10

    engine.run([1.0, 2.0], max_epochs=2)
    found = curves(folder)
    assert found["train/loss"] == [(1, 1.5), (2, 2.5), (3, 1.5), (4, 2.5)]
    assert [step for step, _ in found["val_f1"]] == [2, 4]
    assert [value for _, value in found["val_f1"]] == pytest.approx([0.1, 0.2])


def test_a_run_that_terminates_early_is_written_to_its_last_step(folder):
    engine = tracked(folder)
    engine.add_event_handler(Events.ITERATION_COMPLETED(once=2), lambda engine: engine.terminate())
    engine.run([1.0, 2.0, 3.0], max_epochs=2)
    assert [step for step, _ in curves(folder)["train/loss"]] == [1, 2]


def failing(engine: Engine, batch: float) -> list[dict]:
    if batch == 2.0:
        raise RuntimeError("loss is nan")
    return [{"loss": torch.tensor(batch)}]


def test_an_error_in_a_step_is_raised_not_swallowed(folder):
    with pytest.raises(RuntimeError, match="loss is nan"):
        tracked(folder, failing).run([1.0, 2.0, 3.0])


def test_a_request_to_stop_passes_through(folder):
    def stopped(engine: Engine, batch: float) -> list[dict]:
        raise SystemExit(143)

    with pytest.raises(SystemExit):
        tracked(folder, stopped).run([1.0])


def test_what_was_learnt_before_an_error_is_written(folder):
    engine = tracked(folder, failing)
    with pytest.raises(RuntimeError, match="loss is nan"):
        engine.run([1.0, 2.0, 3.0])
    assert [step for step, _ in curves(folder)["train/loss"]] == [1]
