"""A process for each run, forked from a server that has imported PyTorch and MONAI once."""

from __future__ import annotations

import multiprocessing
import signal
import time
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monai_mri.engines.stopping import StopRequest
    from monai_mri.study.worker import Job

POLL_SECONDS = 0.2
GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Outcome:
    """How a run's process ended: `error` is None where it did all it was told."""

    seconds: float
    error: str | None = None
    stopped: bool = False


def start_server() -> None:
    """Let the server import what every run needs, while this process does other things.

    Where the system has no such server each run imports for itself.
    """
    context = _context()
    if context.get_start_method() == "forkserver":
        from multiprocessing import forkserver

        context.set_forkserver_preload(["monai_mri.study.worker"])
        forkserver.ensure_running()


def run_job(job: Job, request: StopRequest) -> Outcome:
    """Do a job in a process of its own.

    A stop that is asked for is passed on once, as SIGTERM, upon which a training saves its state. An
    exception here, such as that of a second Ctrl-C, kills the process.
    """
    context = _context()
    started = time.monotonic()
    answers, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(job, theirs), name=job.folder.name)
    process.start()
    theirs.close()
    try:
        asked = _watch(process, request)
        error = _answer(answers)
        process.join()
    except BaseException:
        process.kill()
        process.join(GRACE_SECONDS)
        raise
    finally:
        answers.close()
    seconds = time.monotonic() - started
    if process.exitcode == 0:
        return Outcome(seconds)
    return Outcome(seconds, error or _status(process.exitcode), stopped=asked)


def _work(job: Job, answers: Any) -> None:
    """Import in the new process only, so that this module stays light."""
    from monai_mri.study.worker import work

    work(job, answers)


def _context() -> Any:
    methods = multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")


def _watch(process: Any, request: StopRequest) -> bool:
    """Wait until the process ends; whether it was asked to."""
    asked = False
    while not wait([process.sentinel], timeout=POLL_SECONDS):
        if request.made and not asked:
            asked = True
            process.terminate()
    return asked


def _answer(answers: Any) -> str | None:
    try:
        return str(answers.recv()) if answers.poll() else None
    except (EOFError, OSError):
        return None


def _status(code: int) -> str:
    """What a process that left no message died of."""
    number = -code if code < 0 else code - 128
    names = {int(one): one.name for one in signal.Signals}
    if code == -signal.SIGKILL:
        return "killed by SIGKILL, as the system does when memory runs out; state saved up to the last epoch"
    if number in names:
        return f"ended by {names[number]}"
    return f"ended with status {code} and no message; see its log"
