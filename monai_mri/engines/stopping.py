"""Leave a run in good order when the scheduler or a person asks for it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGUSR1: 138}


class StopRequest:
    """Remembers that a signal asked this process to stop, and with which exit status."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.name = ""

    @property
    def made(self) -> bool:
        """Whether a signal came."""
        return self.status is not None

    def receive(self, number: int, _: FrameType | None) -> None:
        """Remember the signal; a second Ctrl-C does not wait for the step to end."""
        if self.made and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.status, self.name = SIGNALS[signal.Signals(number)], signal.Signals(number).name


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Turn SIGINT, SIGTERM and SIGUSR1 into a request for as long as the block lasts.

    Outside of the main thread signals cannot be caught, and the request is never made.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    previous = {number: signal.signal(number, request.receive) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
