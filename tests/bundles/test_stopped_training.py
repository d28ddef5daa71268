"""A training of a study's own YAML that is stopped and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
import yaml
from safetensors.torch import load_file

from monai_mri.engines.bundle import run_bundle
from monai_mri.engines.checkpoint import Checkpoints

SMALL = {"network_def::features": [8, 8, 16, 16, 32, 8]}
STUDIES = {"a segmenter": ("brain_tumor", ["segment"], SMALL | {"max_epochs": 12})}


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_training_stopped_by_sigterm_and_started_again_ends_as_one_that_was_not(
    name, repository, cohort_of, tmp_path, capsys
):
    study, layers, own = STUDIES[name]
    bundle = repository / "bundles" / study
    phantom = yaml.safe_load((bundle / "configs" / "protocol.yaml").read_text())["phantom"]
    settings = phantom["settings"] | own | {"manifest": str(cohort_of(bundle)), "device": "cpu"}
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    run_bundle(bundle, "train", settings=settings | {"output_dir": str(whole)}, layers=layers)
    settings["output_dir"] = str(stopped)
    assert stop_after_an_epoch(bundle, settings, layers, stopped / "checkpoints") == 128 + signal.SIGTERM
    steps = Checkpoints(stopped / "checkpoints").newest()["iteration"]
    capsys.readouterr()
    run_bundle(bundle, "train", settings=settings, layers=layers)
    assert f"step {steps}\n" in capsys.readouterr().err
    assert_same_tensors(load_file(whole / "model.safetensors"), load_file(stopped / "model.safetensors"))
    ends = [Checkpoints(folder / "checkpoints").newest() for folder in (whole, stopped)]
    assert ends[0]["iteration"] == ends[1]["iteration"] > steps
    assert_same_tensors(ends[0]["network"], ends[1]["network"])


def stop_after_an_epoch(bundle, settings, layers, checkpoints) -> int:
    """Train in a process of its own, send SIGTERM when the first checkpoint lies there; its exit status."""
    words = [word for layer in layers for word in ("--layer", layer)]
    words += [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    start = "from monai_mri.cli import main; main()"
    program = [sys.executable, "-W", "ignore", "-c", start, "run", str(bundle), "train", *words]
    same_sums = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen(program, env=same_sums, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while process.poll() is None and not any(checkpoints.glob("step_*.pt")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=60)


def assert_same_tensors(first, second):
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name
