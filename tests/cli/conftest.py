"""The command line, run inside the test or as a process of its own."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image


@pytest.fixture
def run() -> Callable[..., Result]:
    """Call `monai-mri` with these words."""
    from monai_mri.cli import main

    def call(*words, env=None) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words], prog_name="monai-mri", env=env)

    return call


@pytest.fixture
def process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Call `monai-mri` with these words as a new process."""

    def call(*words, **env) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "monai_mri.cli", *map(str, words)]
        return subprocess.run(
            command, env=os.environ | env, capture_output=True, text=True, check=False, timeout=60
        )

    return call


@pytest.fixture
def processor_seconds(process) -> Callable[..., float]:
    """Processor time of `monai-mri` with these words: what it takes where no other program is in the way."""

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    def measure(*words) -> float:
        durations = []
        for _ in range(3):
            start = spent()
            assert process(*words).returncode == 0
            durations.append(spent() - start)
        return min(durations)

    return measure


@pytest.fixture
def pairs_folder(tmp_path):
    """Six pictures of three subjects with their masks, and one picture without."""
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for subject in "abc":
        for index in range(2):
            grey = np.full((8, 8), 100 + index, np.uint8)
            Image.fromarray(grey).save(tmp_path / f"images/{subject}{index}.png")
            Image.fromarray((grey > 100).astype(np.uint8) * 255).save(
                tmp_path / f"masks/{subject}{index}.png"
            )
    Image.fromarray(grey).save(tmp_path / "images/d0.png")
    return tmp_path
