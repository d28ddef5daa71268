"""What a run's own process does. Importing this module is the expensive part; a server does it once."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import monai_mri.engines.bundle
import monai_mri.networks
from monai_mri.errors import MonaiMRIError
from monai_mri.study.locks import folder_lock

ORPHAN_SECONDS = 300.0  # how long the process of a study that was killed may take to end its step


@dataclass(frozen=True)
class Job:
    """What a run's process is told: the folder to work in, and for each mode its settings."""

    bundle: Path
    folder: Path
    log: Path
    protocol: str
    layers: tuple[str, ...]
    settings: dict[str, dict[str, Any]]


def work(job: Job, answers: Connection) -> None:
    """Do each mode of the job; what it prints goes to the log, an error's line to `answers`.

    Ends with status 1 after an error. SIGTERM, and the end of the process that started this one, stop it as
    they stop a training: with its state saved.
    """
    with suppress(OSError):
        os.setpgid(0, 0)  # Ctrl-C reaches the study alone, which passes it on once
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _print_to(job.log)
        with folder_lock(
            job.folder, busy="wait until it ends, then start again", patience_seconds=ORPHAN_SECONDS
        ):
            for mode, settings in job.settings.items():
                monai_mri.engines.bundle.run_bundle(
                    job.bundle, mode, settings=settings, protocol=job.protocol, layers=job.layers
                )
    except Exception as error:
        answers.send(one_line(error))
        with suppress(OSError):  # the disk may be full
            traceback.print_exc()
        sys.exit(1)


def one_line(error: BaseException) -> str:
    """What went wrong: the message of this package's error that lies behind it, else its root cause.

    >>> one_line(KeyError("flair"))
    "KeyError: 'flair'"
    """
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, MonaiMRIError):
            return " ".join(str(link).split())
        error, link = link, link.__cause__
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")
    return f"{type(error).__name__}: {first}"


def _end_with_parent() -> None:
    """Nobody would record the result of this run: save its state and make room for who goes on."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


def _print_to(path: Path) -> None:
    """Send what this process and the libraries in it print to the end of a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for number in (1, 2):
        os.dup2(descriptor, number)
    os.close(descriptor)
