"""Training curves for TensorBoard, beside the CSV and JSON lines that every run writes."""

from __future__ import annotations

from typing import Any

from ignite.engine import Engine, Events

from monai_mri.engines import distributed
from monai_mri.engines.run_folder import RunFolder


class TensorBoard:
    """Handler that writes the loss of each step and each epoch's figures to `tensorboard/` of the run folder.

    Args:
        run_folder: folder of the run.
    """

    def __init__(self, *, run_folder: RunFolder) -> None:
        self.folder = run_folder.root / "tensorboard"

    def attach(self, engine: Engine) -> None:
        """Write while `engine` trains; only the first of several processes does."""
        if distributed.rank() == 0:
            engine.add_event_handler(Events.STARTED, self._open)
            engine.add_event_handler(Events.ITERATION_COMPLETED, self._step)
            engine.add_event_handler(Events.COMPLETED | Events.EXCEPTION_RAISED, self._close)

    def _open(self, engine: Engine) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer: Any = SummaryWriter(str(self.folder), purge_step=engine.state.iteration)
        if not engine.has_event_handler(self._epoch):  # after the handler that validates
            engine.add_event_handler(Events.EPOCH_COMPLETED, self._epoch)

    def _step(self, engine: Engine) -> None:
        loss = sum(float(sample["loss"]) for sample in engine.state.output) / len(engine.state.output)
        self.writer.add_scalar("train/loss", loss, engine.state.iteration)

    def _epoch(self, engine: Engine) -> None:
        for name, value in engine.state.metrics.items():
            self.writer.add_scalar(name, value, engine.state.iteration)
        self.writer.flush()

    def _close(self, _: Engine, *errors: BaseException) -> None:
        self.writer.close()
        for error in errors:  # ignite takes an error for handled once a handler looks at it
            raise error
