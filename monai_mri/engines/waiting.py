"""How much of a training's time goes by waiting for data."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from ignite.engine import Engine, Events

from monai_mri.engines import distributed


class WaitClock:
    """Measures, epoch by epoch, the share of the training time in which the next batch was waited for.

    Waiting is what lies between asking for a batch and having it on the host; the copy to a GPU is not in it.
    The training time runs from the start of the epoch, or of the part of it that this process trains, to the
    end of its last step: validation is not in it.

    Args:
        now: the time in seconds, from any moment on.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self.waited_s, self.trained_s = 0.0, 0.0
        self._now = now
        self._started = self._asked = now()

    def attach(self, engine: Engine) -> None:
        """Measure while `engine` trains."""
        engine.add_event_handler(Events.EPOCH_STARTED, self._start)
        engine.add_event_handler(Events.GET_BATCH_STARTED, self._ask)
        engine.add_event_handler(Events.GET_BATCH_COMPLETED, self._have)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._step)

    def share(self, *, device: torch.device) -> float:
        """The share in the newest epoch, 0 to 1, over all processes; nan where none took a step of it.

        Every process must ask.
        """
        both = torch.tensor([self.waited_s, self.trained_s], dtype=torch.float64, device=device)
        waited_s, trained_s = distributed.total(both).tolist()
        return min(1.0, waited_s / trained_s) if trained_s else float("nan")

    def _start(self, _: Engine) -> None:
        self.waited_s, self.trained_s = 0.0, 0.0
        self._started = self._now()

    def _ask(self, _: Engine) -> None:
        self._asked = self._now()

    def _have(self, _: Engine) -> None:
        self.waited_s += self._now() - self._asked

    def _step(self, _: Engine) -> None:
        self.trained_s = self._now() - self._started
