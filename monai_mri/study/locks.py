"""One process a folder: a lock that goes with the process that holds it, however that ends."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monai_mri.errors import UsageError

WAIT_SECONDS = 0.2


@contextmanager
def folder_lock(folder: Path, *, busy: str, patience_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock `.lock` of a folder, made where it is missing, for as long as the block lasts.

    The system lets go of it when the process ends, also when it is killed. The file stays.

    Args:
        folder: what is locked.
        busy: what to tell a second process to do; its error starts with the folder and the holder.
        patience_seconds: how long to wait for another process to let go.

    Raises:
        UsageError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _take(descriptor, folder, busy=busy, patience_seconds=patience_seconds)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Path, *, busy: str, patience_seconds: float) -> None:
    end = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                holder = os.pread(descriptor, 200, 0).decode(errors="replace") or "another process"
                raise UsageError(f"{folder}: {holder} works there; {busy}") from None
            time.sleep(WAIT_SECONDS)
        else:
            return
