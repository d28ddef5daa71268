"""Run `monai-mri` as a user would, in this process or measured in another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from monai_mri.cli import main

GIB = 1 << 30


@dataclass(frozen=True)
class Answer:
    """What a command said, and its exit code."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float = 0.0
    peak_bytes: int = 0

    @property
    def findings(self) -> list[dict[str, str]]:
        """What `manifest check --format json` found."""
        return json.loads(self.stdout)

    @property
    def codes(self) -> set[str]:
        return {finding["code"] for finding in self.findings}


def call(*words: object) -> Answer:
    """Run a command in this process."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


def check(manifest: Path, *, depth: str = "voxels", options: tuple[str, ...] = ()) -> Answer:
    """Check a manifest in this process, without a cache."""
    fixed = ("--depth", depth, "--format", "json", "--jobs", "1", "--no-cache")
    return call("manifest", "check", manifest, *fixed, *options)


def measured(*words: object, seconds: float = 60) -> Answer:
    """Run a command in another process; TimeoutError after that many seconds.

    The peak is of memory in use. 8 GiB of address space are a fence, so that a bomb harms no one.
    """
    command = [sys.executable, "-m", "monai_mri.cli", *map(str, words)]
    fenced = ["sh", "-c", 'ulimit -v 8388608; exec "$@"', "sh", *command]
    settings = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(fenced, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=settings)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - start > seconds:
                process.kill()
                process.wait()
                raise TimeoutError(f"{words} runs for more than {seconds} s")
            time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(status)
        for stream in (out, err):
            stream.seek(0)
        elapsed = time.monotonic() - start
        return Answer(process.returncode, out.read(), err.read(), elapsed, usage.ru_maxrss * 1024)
